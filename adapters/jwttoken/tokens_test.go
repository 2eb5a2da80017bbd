package jwttoken

import (
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestTokensHaveTheMembersOfTheContract(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.ES256), newStore(), newClock())
	key := signAccess(t, tokens) // loads the keys
	service := domain.AccessClaims{ID: "j", Subject: userID, ClientID: userID, Scope: domain.NewPermissions("users:read", "audit:read"), IssuedAt: start, ExpiresAt: userClaims.ExpiresAt}
	ofService, err := tokens.SignAccess(t.Context(), service)
	if err != nil {
		t.Fatalf("SignAccess: %v", err)
	}
	kid := tokens.ring.current.Load().signer.id
	for _, c := range []struct{ name, token, header, claims string }{
		{"access of a user", key, `{"alg":"ES256","kid":"` + kid + `","typ":"at+jwt"}`,
			`{"iss":"https://auth.example.org","sub":"` + userID + `","aud":"sallyport","exp":1772367300,"iat":1772366400,` +
				`"jti":"jti","sid":"` + sessionID + `","roles":["user"],"type":"access","ver":3}`},
		{"access of a service", ofService.Reveal(), `{"alg":"ES256","kid":"` + kid + `","typ":"at+jwt"}`,
			`{"iss":"https://auth.example.org","sub":"` + userID + `","aud":"sallyport","exp":1772367300,"iat":1772366400,` +
				`"jti":"j","client_id":"` + userID + `","scope":"audit:read users:read","roles":[],"type":"access","ver":0}`},
		{"refresh", signRefresh(t, tokens), `{"alg":"HS256","kid":"` + tokens.secrets.current.id + `","typ":"rt+jwt"}`,
			`{"iss":"https://auth.example.org","sub":"` + userID + `","aud":"https://auth.example.org","exp":1772370000,"iat":1772366400,` +
				`"jti":"` + sessionID + `.4","sid":"` + sessionID + `","gen":4,"type":"refresh"}`},
	} {
		parts := strings.Split(c.token, ".")
		header, _ := decodeSegment(parts[0])
		claims, _ := decodeSegment(parts[1])
		if string(header) != c.header {
			t.Errorf("%s: header: got\n%s\nwant\n%s", c.name, header, c.header)
		}
		if string(claims) != c.claims {
			t.Errorf("%s: claims: got\n%s\nwant\n%s", c.name, claims, c.claims)
		}
	}
}

func TestClaimsThatWouldNotVerifyAreNotSigned(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.EdDSA), newStore(), newClock())
	for name, change := range map[string]func(*domain.AccessClaims){
		"no jti":                     func(c *domain.AccessClaims) { c.ID = "" },
		"a subject that is no id":    func(c *domain.AccessClaims) { c.Subject = "someone" },
		"a session that is no id":    func(c *domain.AccessClaims) { c.Session = "session" },
		"neither session nor client": func(c *domain.AccessClaims) { c.Session = "" },
		"a client that is another":   func(c *domain.AccessClaims) { c.Session, c.ClientID = "", sessionID },
		"no expiry":                  func(c *domain.AccessClaims) { c.ExpiresAt = domain.AccessClaims{}.ExpiresAt },
		"a negative version":         func(c *domain.AccessClaims) { c.Version = -1 },
		"roles beyond what a token takes": func(c *domain.AccessClaims) {
			for range 200 {
				c.Roles = append(c.Roles, domain.RoleName(strings.Repeat("r", 63)))
			}
		},
	} {
		claims := userClaims
		change(&claims)
		if token, err := tokens.SignAccess(t.Context(), claims); err == nil {
			t.Errorf("%s: got a token of %d bytes, want an error", name, len(token.Reveal()))
		}
	}
	for name, change := range map[string]func(*domain.RefreshClaims){
		"a subject that is no id": func(c *domain.RefreshClaims) { c.Subject = "someone" },
		"no session":              func(c *domain.RefreshClaims) { c.Session = "" },
		"a negative generation":   func(c *domain.RefreshClaims) { c.Generation = -1 },
		"no expiry":               func(c *domain.RefreshClaims) { c.ExpiresAt = domain.RefreshClaims{}.ExpiresAt },
	} {
		claims := someRefresh
		change(&claims)
		if _, err := tokens.SignRefresh(claims); err == nil {
			t.Errorf("refresh, %s: got a token, want an error", name)
		}
	}
}

// The three steps in which a secret is rotated log nobody out.
func TestRefreshTokensOutliveARotatedSecret(t *testing.T) {
	t.Parallel()
	older, newer := domain.RandomSecret(), domain.RandomSecret()
	with := func(current, previous domain.Secret) *Tokens {
		cfg := testConfig(domain.ES256)
		cfg.Secret, cfg.PreviousSecret = current, previous
		return newTokens(t, cfg, newStore(), newClock())
	}
	before, announced, rotated, after := with(older, domain.Secret{}), with(older, newer), with(newer, older), with(newer, domain.Secret{})
	for _, c := range []struct {
		name           string
		signer, reader *Tokens
		good           bool
	}{
		{"old by announced", before, announced, true},
		{"old by rotated", before, rotated, true},
		{"rotated by announced", rotated, announced, true},
		{"rotated by done", rotated, after, true},
		{"rotated by old", rotated, before, false},
		{"old by done", before, after, false},
	} {
		got, err := c.reader.VerifyRefresh(t.Context(), signRefresh(t, c.signer))
		if good := err == nil && got == someRefresh; good != c.good {
			t.Errorf("%s: got %+v, %v, want good: %t", c.name, got, err, c.good)
		}
	}
	if signRefresh(t, before) != signRefresh(t, announced) {
		t.Error("announcing a secret changes the tokens of the current one")
	}
}

func TestAWrongConfigurationNamesItsSetting(t *testing.T) {
	t.Parallel()
	for setting, change := range map[string]func(*Config){
		"SALLYPORT_ISSUER:":          func(c *Config) { c.Issuer = "" },
		"SALLYPORT_AUDIENCE:":        func(c *Config) { c.Audience = "" },
		"SALLYPORT_SIGNING_ALG:":     func(c *Config) { c.Algorithm = "none" },
		"SALLYPORT_SECRET:":          func(c *Config) { c.Secret = domain.NewSecret(strings.Repeat("x", 31)) },
		"SALLYPORT_SECRET_PREVIOUS:": func(c *Config) { c.PreviousSecret = domain.NewSecret("short") },
		"the number of remembered":   func(c *Config) { c.Remember = -1 },
	} {
		cfg := testConfig(domain.ES256)
		change(&cfg)
		_, err := New(cfg, newStore(), fakeSealer{}, newClock())
		if err == nil || !strings.HasPrefix(err.Error(), setting) {
			t.Errorf("got %v, want an error that begins with %q", err, setting)
		}
	}
}

func TestAnIssuerThatNeedsEscapingIsWrittenAsJSON(t *testing.T) {
	t.Parallel()
	cfg := testConfig(domain.HS256)
	cfg.Issuer = "https://ä.example/\"\\\n<>"
	tokens := newTokens(t, cfg, newStore(), newClock())
	token := signRefresh(t, tokens)
	if got, err := tokens.VerifyRefresh(t.Context(), token); err != nil || got != someRefresh {
		t.Errorf("got %+v, %v, want %+v", got, err, someRefresh)
	}
	payload, _ := decodeSegment(strings.Split(token, ".")[1])
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Issuer != cfg.Issuer {
		t.Errorf("iss: got %q, %v, want %q", claims.Issuer, err, cfg.Issuer)
	}
}

func TestTheModuleProvidesTheTokensAsBothPorts(t *testing.T) {
	t.Parallel()
	var tokens *Tokens
	var signer application.TokenSigner
	var verifier application.TokenVerifier
	app := fx.New(fx.NopLogger, Module,
		fx.Supply(testConfig(domain.ES256)),
		fx.Provide(
			func() application.Store { return newStore() },
			func() application.Sealer { return fakeSealer{} },
			func() application.Clock { return newClock() },
		),
		fx.Populate(&tokens, &signer, &verifier))
	if err := app.Err(); err != nil {
		t.Fatalf("got %v, want a graph that holds", err)
	}
	if signer != application.TokenSigner(tokens) || verifier != application.TokenVerifier(tokens) {
		t.Error("the ports are not the one *Tokens")
	}
}
