// Package sqlstore is what the SQL storage adapters share: rows and scanning,
// the transaction loop, deadlines, prepared statements, migrations, and the
// record of what a write touched.
//
// It holds no SQL: a Dialect brings the statements, in the words that its
// database does best, and says what its driver's errors mean. It never decides
// who may do what, never logs, and never repeats a COMMIT whose outcome is
// unknown.
package sqlstore
