package resourceserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Errors of Verify. Any other says that nothing could be found out: the
// issuer does not answer.
var (
	// ErrInvalidToken says that a token is worth nothing here.
	ErrInvalidToken = errors.New("the token is not valid here")
	// ErrInactive is an ErrInvalidToken of which the issuer says that it is over.
	ErrInactive = fmt.Errorf("%w: it is not active any more", ErrInvalidToken)
)

const (
	maxTokenBytes = 8 << 10
	clockSkew     = 30 * time.Second // of iat and nbf; exp has none
)

// Gate verifies access tokens.
type Gate struct {
	config Config
	keys   *keySet
	asked  *answers // nil without introspection
	parser *jwt.Parser
}

// New returns a gate. It fetches no key before the first token comes.
func New(config Config) (*Gate, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	g := &Gate{
		config: config, keys: newKeySet(config),
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"ES256", "EdDSA", "RS256"}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
	}
	if config.Introspection != nil {
		g.asked = newAnswers(config)
	}
	return g, nil
}

// claims is what RFC 9068 §2.2 asks of an access token, with Sallyport's own.
type claims struct {
	Issuer     string           `json:"iss"`
	Subject    string           `json:"sub"`
	Audience   jwt.ClaimStrings `json:"aud"`
	Expires    *jwt.NumericDate `json:"exp"`
	IssuedAt   *jwt.NumericDate `json:"iat"`
	NotBefore  *jwt.NumericDate `json:"nbf"`
	ID         string           `json:"jti"`
	Type       string           `json:"type"`
	Session    string           `json:"sid"`
	ClientID   string           `json:"client_id"`
	Scope      string           `json:"scope"`
	Roles      []string         `json:"roles"`
	jwt.Claims `json:"-"`       // its methods are never called: we check the claims ourselves
}

// Verify returns who the token speaks for. ErrInvalidToken for a token that is
// malformed, foreign, expired, of another type, or with introspection over.
func (g *Gate) Verify(ctx context.Context, token string) (*Caller, error) {
	if len(token) > maxTokenBytes {
		return nil, fmt.Errorf("%w: it is longer than 8 KiB", ErrInvalidToken)
	}
	var c claims
	var unreachable error
	_, err := g.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		key, err := g.keyOf(ctx, t)
		if err != nil && !errors.Is(err, ErrInvalidToken) {
			unreachable = err
		}
		return key, err
	})
	switch {
	case unreachable != nil:
		return nil, unreachable
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	if err := c.check(g.config, g.config.Now()); err != nil {
		return nil, err
	}
	caller := &Caller{
		Subject: c.Subject, Session: c.Session, ClientID: c.ClientID, Roles: c.Roles,
		Scope: strings.Fields(c.Scope), TokenID: c.ID, ExpiresAt: c.Expires.Time,
	}
	if g.asked == nil {
		return caller, nil
	}
	return g.asked.about(ctx, token, caller)
}

// keyOf returns the key that the header names, if the header is an access
// token's and its algorithm is the key's.
func (g *Gate) keyOf(ctx context.Context, t *jwt.Token) (any, error) {
	typ, _ := t.Header["typ"].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	if typ != "at+jwt" {
		return nil, fmt.Errorf("%w: it is no access token (typ)", ErrInvalidToken)
	}
	for _, name := range []string{"crit", "jwk", "jku", "x5u", "x5c"} {
		if _, given := t.Header[name]; given {
			return nil, fmt.Errorf("%w: its header has %s", ErrInvalidToken, name)
		}
	}
	kid, _ := t.Header["kid"].(string)
	key, err := g.keys.key(ctx, kid)
	if err != nil {
		return nil, err
	}
	if key.algorithm != t.Method.Alg() {
		return nil, fmt.Errorf("%w: its algorithm is not its key's", ErrInvalidToken)
	}
	return key.public, nil
}

// check compares the claims with what is expected at now.
func (c *claims) check(config Config, now time.Time) error {
	reason := ""
	switch {
	case c.Issuer != config.Issuer:
		reason = "it is another issuer's"
	case !slices.Contains(c.Audience, config.Audience):
		reason = "it is for another audience"
	case c.Type != "access":
		reason = "it is no access token (type)"
	case c.Subject == "":
		reason = "it has no subject"
	case c.Expires == nil || !now.Before(c.Expires.Time):
		reason = "it has expired"
	case c.IssuedAt == nil || c.IssuedAt.After(now.Add(clockSkew)):
		reason = "it was issued in the future"
	case c.NotBefore != nil && c.NotBefore.After(now.Add(clockSkew)):
		reason = "it is not valid yet"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrInvalidToken, reason)
}
