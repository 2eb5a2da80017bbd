package domain

import "time"

// SigningAlgorithm is a JWS algorithm (RFC 7518 §3.1, RFC 8037).
type SigningAlgorithm string

// The algorithms that access tokens can be signed with.
const (
	ES256 SigningAlgorithm = "ES256"
	EdDSA SigningAlgorithm = "EdDSA"
	RS256 SigningAlgorithm = "RS256"
	HS256 SigningAlgorithm = "HS256"
)

// SigningKeyState is a stage in the life of a signing key.
type SigningKeyState string

// The stages, in their order.
const (
	KeyPublished SigningKeyState = "published" // in the JWKS, does not sign yet
	KeySigning   SigningKeyState = "signing"   // signs new tokens
	KeyRetiring  SigningKeyState = "retiring"  // signs no more; its tokens are still good
	KeyGone      SigningKeyState = "gone"      // its tokens are worth nothing
)

// SigningKey is a key that signs access tokens, as storage keeps it.
type SigningKey struct {
	ID        string // kid
	Algorithm SigningAlgorithm
	State     SigningKeyState
	Sealed    []byte // the private key (PKCS #8, or the HMAC secret), encrypted
	CreatedAt time.Time
	StateAt   time.Time // when the state was entered
	ExpiresAt time.Time // of a retiring key: when the last token that it signed is over
}

// ErrSigningKeyNotFound says that there is no such key.
var ErrSigningKeyNotFound = &Error{Kind: KindNotFound, Code: "not-found", Detail: "No such signing key"}
