// Package logmail writes mails to the log, for development: whoever reads the
// log can open the links. It never sends anything, and production never uses
// it: a log is no place for tokens.
package logmail
