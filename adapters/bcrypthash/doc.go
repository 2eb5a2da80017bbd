// Package bcrypthash hashes passwords with bcrypt, without bcrypt's traps: it
// never truncates a password, never lets a NUL reach bcrypt, and never tells by
// the work it does whether there was a hash to verify.
//
// A password of up to 72 bytes is stored as plain bcrypt, which any other
// system can verify:
//
//	$2b$12$<22 characters of salt><31 of digest>
//
// A longer one is first reduced to base64(HMAC-SHA-384(label, password)), 64
// characters, and stored under a tag of its own:
//
//	$sallyport-hmac-sha384$2b$12$<22 characters of salt><31 of digest>
//
// where base64 is RFC 4648 §4 and the label, the HMAC's key, is the text
// "sallyport password hash v1". It is no secret: it keeps SHA-384 digests
// leaked elsewhere from being tried here. The length of a password decides its
// scheme, so that what a long password is reduced to is not itself a password,
// and a plain hash never verifies a password of which bcrypt would see the
// beginning alone.
//
// Hashes of other systems verify when they are bcrypt ($2a$, $2b$ or $2y$: the
// same algorithm for what reaches it here) of cost 4 to 16. $2x$, the marker of
// hashes made by a defective implementation, never does.
//
// The package knows nothing of accounts, and does not queue: adapters/hashqueue
// decides when there is a core for the work.
package bcrypthash
