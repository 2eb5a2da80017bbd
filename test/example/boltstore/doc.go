// Package boltstore keeps everything in one bbolt file (go.etcd.io/bbolt), for
// a gate that runs as one process: bolt:PATH. It is a storage adapter written
// outside of Sallyport, against application's ports and test/conformance alone.
//
// A row is JSON in a bucket, by its ID; an index is a bucket of entries without
// values. bbolt has one writer, so every transaction is serializable and none
// runs twice. It locks its file: while the service runs, the commands of the
// same binary can't have it, and say so.
package boltstore
