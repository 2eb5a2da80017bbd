package resourceserver

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// Config says whose tokens are taken, and for whom they must be.
type Config struct {
	Issuer   string // the tokens' iss, exactly; also where the keys are
	Audience string // one of the tokens' aud
	// JWKSURL is where the keys are; empty: Issuer + "/.well-known/jwks.json".
	JWKSURL string
	// Introspection, unless nil, asks the issuer about each token as well.
	Introspection *Introspection
	// Client makes the calls to the issuer; nil: one with a timeout of 5 s.
	Client *http.Client
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Introspection asks the issuer what a token is worth now (RFC 7662).
type Introspection struct {
	URL    string        // empty: Issuer + "/oauth/introspect"
	APIKey string        // of a key with the permission tokens:introspect
	Every  time.Duration // how long an answer is believed for one token; 0: ask on each request
}

func (c Config) complete() (Config, error) {
	if c.Issuer == "" || c.Audience == "" {
		return c, errors.New("resourceserver: Issuer and Audience must be set, or tokens of anybody and for anybody would do")
	}
	base := strings.TrimSuffix(c.Issuer, "/")
	if c.JWKSURL == "" {
		c.JWKSURL = base + "/.well-known/jwks.json"
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 5 * time.Second}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Introspection != nil {
		i := *c.Introspection
		if i.APIKey == "" {
			return c, errors.New("resourceserver: Introspection needs an APIKey with the permission tokens:introspect")
		}
		if i.URL == "" {
			i.URL = base + "/oauth/introspect"
		}
		c.Introspection = &i
	}
	return c, nil
}
