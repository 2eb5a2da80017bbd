// Package boltstore keeps everything in one bbolt file (go.etcd.io/bbolt), for
// a gate that runs as one process: bolt:PATH. It is a storage adapter written
// outside of Sallyport: an engine for adapters/kvstore, which knows what to
// keep, and test/conformance, which proves the two together.
//
// bbolt has one writer, so every transaction is serializable and none runs
// twice; reading goes on beside it. It locks its file: while the service runs,
// the commands of the same binary can't have it, and say so.
package boltstore
