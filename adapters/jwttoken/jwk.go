package jwttoken

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/sallyport-auth/sallyport/domain"
)

// jwk is a public key (RFC 7517). It has no member that could hold a private one.
type jwk struct {
	KeyType   string                  `json:"kty"`
	Use       string                  `json:"use"`
	Algorithm domain.SigningAlgorithm `json:"alg"`
	KeyID     string                  `json:"kid"`
	Curve     string                  `json:"crv,omitempty"` // EC (RFC 7518 §6.2) and OKP (RFC 8037 §2)
	X         string                  `json:"x,omitempty"`
	Y         string                  `json:"y,omitempty"`
	N         string                  `json:"n,omitempty"` // RSA (RFC 7518 §6.3)
	E         string                  `json:"e,omitempty"`
}

func ellipticJWK(key *ecdsa.PublicKey) (*jwk, error) {
	point, err := key.Bytes() // 4, x, y, each of the curve's full size
	if err != nil {
		return nil, fmt.Errorf("encode the public key: %w", err)
	}
	x, y := point[1:33], point[33:]
	return &jwk{KeyType: "EC", Use: "sig", Algorithm: domain.ES256, Curve: "P-256", X: encode(x), Y: encode(y)}, nil
}

func edwardsJWK(key ed25519.PublicKey) *jwk {
	return &jwk{KeyType: "OKP", Use: "sig", Algorithm: domain.EdDSA, Curve: "Ed25519", X: encode(key)}
}

func rsaJWK(key *rsa.PublicKey) *jwk {
	exponent := big.NewInt(int64(key.E))
	return &jwk{KeyType: "RSA", Use: "sig", Algorithm: domain.RS256, N: encode(key.N.Bytes()), E: encode(exponent.Bytes())}
}

// thumbprint is the SHA-256 of the required members in the order of their
// names (RFC 7638 §3), in base64url.
func (k *jwk) thumbprint() string {
	o := object{}
	switch k.KeyType {
	case "EC":
		o.string("crv", k.Curve)
		o.string("kty", k.KeyType)
		o.string("x", k.X)
		o.string("y", k.Y)
	case "OKP":
		o.string("crv", k.Curve)
		o.string("kty", k.KeyType)
		o.string("x", k.X)
	case "RSA":
		o.string("e", k.E)
		o.string("kty", k.KeyType)
		o.string("n", k.N)
	}
	sum := sha256.Sum256(o.end())
	return encode(sum[:])
}

// encodeJWKS returns a key set (RFC 7517 §5) and a strong entity tag of it
// (RFC 9110 §8.8.3).
func encodeJWKS(keys []*jwk) (document []byte, etag string, err error) {
	if keys == nil {
		keys = []*jwk{} // [], not null
	}
	document, err = json.Marshal(struct {
		Keys []*jwk `json:"keys"`
	}{keys})
	if err != nil {
		return nil, "", fmt.Errorf("encode the key set: %w", err)
	}
	sum := sha256.Sum256(document)
	return document, `"` + encode(sum[:12]) + `"`, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
