// Package sqlite is storage in one file, embedded and without cgo: its SQL,
// its migrations, and what its errors mean.
//
// One connection writes, and commits together what waits together; several
// read beside it. What a write has returned from is on the disk. The database
// is never in memory alone.
package sqlite
