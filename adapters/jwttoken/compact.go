package jwttoken

import (
	"encoding/base64"
	"strings"

	"github.com/sallyport-auth/sallyport/domain"
)

// maxTokenBytes is the longest token that is looked at.
const maxTokenBytes = 8 << 10

const (
	accessType  = "at+jwt" // RFC 9068 §2.1
	refreshType = "rt+jwt"
)

// compact is a token taken apart, its header read, nothing verified.
type compact struct {
	typ       string
	alg       domain.SigningAlgorithm
	kid       string
	signed    string // header and payload with the dot between them
	payload   string // base64url
	signature []byte
}

// split takes a token apart (RFC 7515 §7.1) and reads its header. It looks at
// nothing that is not signed over later. A header that is, to the byte, the one
// that a known refresh key writes needs no reading.
func split(token string, known ...*signingKey) (compact, error) {
	if len(token) > maxTokenBytes {
		return compact{}, tooLong
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || header == "" || payload == "" || signature == "" {
		return compact{}, notCompact
	}
	c := compact{payload: payload, signed: token[:len(header)+1+len(payload)]}
	var err error
	if c.signature, err = decodeSegment(signature); err != nil { // refuses a third dot too
		return compact{}, err
	}
	for _, key := range known {
		if strings.HasPrefix(token, key.header) { // which ends in its dot
			c.typ, c.alg, c.kid = refreshType, key.algorithm, key.id
			return c, nil
		}
	}
	text, err := decodeSegment(header)
	if err != nil {
		return compact{}, err
	}
	err = c.readHeader(text)
	return c, err
}

// readHeader takes the three members of our own headers and refuses every
// other: jwk, jku, x5u and x5c bring a key along, crit asks for what is not
// understood here, b64 and zip change what was signed.
func (c *compact) readHeader(text []byte) error {
	var alg string
	seen := 0
	err := members(text, func(name string, value []byte) error {
		seen++
		switch name {
		case "typ":
			return once(&c.typ, value)
		case "alg":
			return once(&alg, value)
		case "kid":
			return once(&c.kid, value)
		default:
			return badHeader
		}
	})
	if err != nil || seen != 3 {
		return badHeader
	}
	c.alg = domain.SigningAlgorithm(alg)
	if c.typ != accessType && c.typ != refreshType {
		return badType
	}
	if !supported(c.alg) {
		return badAlgorithm
	}
	return nil
}

// once reads a string that is not empty into an empty one: a duplicate finds it full.
func once(into *string, value []byte) error {
	text, err := stringValue(value)
	if err != nil || text == "" || *into != "" {
		return badHeader
	}
	*into = text
	return nil
}

var segments = base64.RawURLEncoding.Strict() // no padding, no bits left over

// decodeSegment decodes base64url in its one canonical form. encoding/base64
// skips line breaks even when it is strict.
func decodeSegment(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, notCompact
	}
	b, err := segments.DecodeString(s)
	if err != nil {
		return nil, notCompact
	}
	return b, nil
}

// claims reads the payload. It is called when the signature has been verified.
func (c *compact) claims() (*claimSet, error) {
	text, err := decodeSegment(c.payload)
	if err != nil {
		return nil, err
	}
	return readClaims(text)
}
