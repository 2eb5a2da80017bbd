// Package zapaudit writes each auth event as one structured log line.
//
// It never samples, never drops a line because there are many, and never
// blocks longer than the log's own writer. Events hold no password, token, key
// or hash, so none can get into a line; whatever else a client sent is escaped
// by the encoder, so that one event stays one line.
package zapaudit
