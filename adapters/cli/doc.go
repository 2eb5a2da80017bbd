// Package cli is the command line: it takes arguments apart, calls the same
// use cases as the HTTP API, and prints what they answer. Data goes to
// standard output, everything else to standard error.
//
// It never opens storage or reads configuration: that is Service's, and
// bootstrap's.
package cli
