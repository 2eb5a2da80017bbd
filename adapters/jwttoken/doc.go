// Package jwttoken signs and verifies the two kinds of tokens, and keeps the
// keys that sign access tokens.
//
// A token is accepted only for what it is: typ, type, alg, kid, iss, aud,
// exp, iat and nbf are all checked. The algorithms are golang-jwt's; its parser
// is not used, because it reads a header's and a payload's duplicate members as
// the last one, numbers as floats, and leaves typ, crit, the key's own
// algorithm, the length and HMAC's key size to its caller. All of these are
// checked here, once, in one pass, in this order: length, shape and header, then
// the key, then the signature, then the claims.
//
// It never asks whether a session still is live: that is the use cases'. It
// never writes a key's state but for the first key of all; rotation and
// revocation change storage, and the ring follows what Changed tells it.
package jwttoken
