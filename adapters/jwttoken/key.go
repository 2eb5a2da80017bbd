package jwttoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sallyport-auth/sallyport/domain"
)

const (
	rsaBits   = 2048
	hmacBytes = 32 // HS256 takes no key below its hash's size (RFC 7518 §3.2)
)

// signingKey is a key with everything that signing and verifying need.
type signingKey struct {
	id        string
	algorithm domain.SigningAlgorithm
	method    jwt.SigningMethod
	private   any    // what method signs with
	public    any    // what method verifies with
	header    string // the encoded header and its dot
	jwk       *jwk   // nil: symmetric
}

func methodOf(algorithm domain.SigningAlgorithm) jwt.SigningMethod {
	switch algorithm {
	case domain.ES256:
		return jwt.SigningMethodES256
	case domain.EdDSA:
		return jwt.SigningMethodEdDSA
	case domain.RS256:
		return jwt.SigningMethodRS256
	case domain.HS256:
		return jwt.SigningMethodHS256
	}
	return nil
}

// supported reports whether tokens can be signed so. It is never true of "none".
func supported(algorithm domain.SigningAlgorithm) bool { return methodOf(algorithm) != nil }

// newSymmetricKey returns an HS256 key for tokens of the given typ.
func newSymmetricKey(typ, id string, secret []byte) (*signingKey, error) {
	if len(secret) != hmacBytes {
		return nil, fmt.Errorf("an HS256 key of %d bytes, where %d are needed", len(secret), hmacBytes)
	}
	return &signingKey{
		id: id, algorithm: domain.HS256, method: jwt.SigningMethodHS256,
		private: secret, public: secret, header: encodeHeader(typ, domain.HS256, id),
	}, nil
}

// generate makes the private part of a new key: PKCS #8, or the HMAC secret.
func generate(algorithm domain.SigningAlgorithm) ([]byte, error) {
	var private any
	var err error
	switch algorithm {
	case domain.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case domain.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case domain.RS256:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case domain.HS256:
		secret := make([]byte, hmacBytes)
		_, err = rand.Read(secret)
		return secret, err
	default:
		return nil, fmt.Errorf("no keys of the algorithm %q", algorithm)
	}
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(private)
}

// newAccessKey takes the private part of a key that signs access tokens. An
// empty id is made: the key's thumbprint, or a random one for HS256, of which
// nothing may be told.
func newAccessKey(id string, algorithm domain.SigningAlgorithm, material []byte) (*signingKey, error) {
	if algorithm == domain.HS256 {
		if id == "" {
			id = randomID()
		}
		return newSymmetricKey(accessType, id, material)
	}
	private, err := x509.ParsePKCS8PrivateKey(material)
	if err != nil {
		return nil, errors.New("no private key in PKCS #8") // the parser's error may show what it read
	}
	k := &signingKey{algorithm: algorithm, method: methodOf(algorithm), private: private}
	if k.jwk, k.public, err = publicJWK(algorithm, private); err != nil {
		return nil, err
	}
	k.id = k.jwk.thumbprint()
	k.jwk.KeyID = k.id
	if id != "" && id != k.id {
		return nil, errors.New("the key is not the one that its id names")
	}
	k.header = encodeHeader(accessType, algorithm, k.id)
	return k, nil
}

// publicJWK returns the public part of a private key, if that is one of the algorithm.
func publicJWK(algorithm domain.SigningAlgorithm, private any) (*jwk, crypto.PublicKey, error) {
	switch key := private.(type) {
	case *ecdsa.PrivateKey:
		if algorithm == domain.ES256 && key.Curve == elliptic.P256() {
			set, err := ellipticJWK(&key.PublicKey)
			return set, &key.PublicKey, err
		}
	case ed25519.PrivateKey:
		if algorithm == domain.EdDSA {
			public := key.Public().(ed25519.PublicKey) // by its documentation
			return edwardsJWK(public), public, nil
		}
	case *rsa.PrivateKey:
		if algorithm == domain.RS256 && key.N.BitLen() >= rsaBits {
			return rsaJWK(&key.PublicKey), &key.PublicKey, nil
		}
	}
	return nil, nil, fmt.Errorf("the key is none for %s", algorithm)
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never returns an error
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func encodeHeader(typ string, algorithm domain.SigningAlgorithm, id string) string {
	o := object{}
	o.string("alg", string(algorithm))
	o.string("kid", id)
	o.string("typ", typ)
	return base64.RawURLEncoding.EncodeToString(o.end()) + "."
}

// sign makes a token of a payload.
func (k *signingKey) sign(payload []byte) (string, error) {
	const longestSignature = 342 // RS256's, in base64url
	b := make([]byte, 0, len(k.header)+base64.RawURLEncoding.EncodedLen(len(payload))+1+longestSignature)
	b = append(b, k.header...)
	b = base64.RawURLEncoding.AppendEncode(b, payload)
	signature, err := k.method.Sign(string(b), k.private)
	if err != nil {
		return "", fmt.Errorf("sign with key %s: %w", k.id, err)
	}
	b = append(b, '.')
	b = base64.RawURLEncoding.AppendEncode(b, signature)
	if len(b) > maxTokenBytes {
		return "", errors.New("the token would be longer than 8 KiB: too many roles or permissions")
	}
	return string(b), nil
}

// verify checks the signature of a token that names this key.
func (k *signingKey) verify(c *compact) error {
	if c.alg != k.algorithm {
		return otherAlgorithm
	}
	if k.method.Verify(c.signed, c.signature, k.public) != nil {
		return badSignature
	}
	return nil
}
