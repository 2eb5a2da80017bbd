// Package argon2hash hashes passwords with argon2id (RFC 9106), in place of
// bcrypt. A hash is stored in the PHC string format:
//
//	$argon2id$v=19$m=19456,t=2,p=1$<22 characters of salt>$<43 of digest>
//
// It is a hasher from outside, and test/conformance is the proof of it. It does
// not read bcrypt: whoever changes the hasher of a service that has users sends
// them through a password reset, or keeps both.
package argon2hash
