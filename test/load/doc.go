// Package load measures administration at size: a million users are imported
// from a file, the import is killed half-way and continued, and then listing,
// filtering and login are compared with the same on a thousand users.
//
// It holds no tests, only benchmarks, and asserts nothing about speed.
package load
