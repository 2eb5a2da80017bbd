package jwttoken

// refusal is why a token is refused, for the log alone: it holds nothing of
// the token.
type refusal string

func (r refusal) Error() string { return string(r) }

// The reasons, in the order in which they are looked for.
const (
	tooLong        refusal = "longer than 8 KiB"
	notCompact     refusal = "not three base64url segments (RFC 7515 §7.1)"
	badHeader      refusal = "the header is no JSON object of alg, kid and typ, each once (RFC 7515 §4)"
	badType        refusal = "the header's typ is another"
	badAlgorithm   refusal = "the header's alg is none of ours"
	unknownKey     refusal = "no key has the header's kid"
	otherAlgorithm refusal = "the header's alg is not the key's"
	badSignature   refusal = "the signature does not match"
	badClaims      refusal = "the claims are no JSON object of members that each are there once"
	badClaim       refusal = "a claim is missing, of another type or out of range"
	badIssuer      refusal = "the issuer is another"
	badAudience    refusal = "the audience is another"
	badKind        refusal = "the type claim is another"
	badSubject     refusal = "sub, sid, client_id and jti do not belong together"
	fromFuture     refusal = "issued more than 30 s in the future"
	notYet         refusal = "not valid before a time that is more than 30 s in the future"
	expired        refusal = "expired"
)
