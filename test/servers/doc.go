// Package servers starts the real servers that tests need (PostgreSQL, Redis, PgBouncer, nginx, Caddy) on free ports of 127.0.0.1
// and in folders of their own, lets a test kill, stall and restart them, and takes them down again: at the end of the
// test, or when the test binary dies in whatever way.
//
// It never touches a server that it did not start, and never skips: a missing program is a failure that names the
// command which installs it.
package servers
