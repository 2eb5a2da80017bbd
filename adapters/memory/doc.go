// Package memory keeps everything in the memory of one process: the reference
// storage adapter, for tests. It says in Go, without an engine or SQL between,
// what test/conformance demands, so that the others have something to be
// compared with. When the process ends, all of it is gone, so no URL leads to
// it. It never shares a slice or a map with its callers, and never touches a
// disk or a network.
package memory
