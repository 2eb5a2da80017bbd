// Package domain says who may do what: the types of an identity service and
// the rules that hold between them, free of storage, transport and clock.
//
// It imports the standard library, and beside it only the two Unicode packages
// that the standard library carries for itself (IDNA and normalization forms),
// so that an address and a password have one meaning wherever they are parsed.
// It never logs, never reads the time and never talks to anything.
package domain
