// Package memory keeps everything in the memory of one process: the reference
// storage adapter, the shortest code that passes test/conformance, for tests.
// When the process ends, all of it is gone, so no URL leads to it. It never shares a slice or a map with its callers, and never touches a disk or
// a network.
package memory
