// Package postgres is storage in PostgreSQL, or in a server that speaks its
// protocol: its SQL, its migrations, and what its errors mean.
//
// Each of login's read, Advance and the session's state is one statement and,
// once its connection has prepared it, one round trip. The package never reads
// from a standby, and never shows the URL that it was given: a password is in it.
package postgres
