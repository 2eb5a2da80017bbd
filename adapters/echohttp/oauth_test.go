package echohttp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// RFC 6749 §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 7662 §2.3.
func TestEachMistakeGetsTheErrorOfItsRFC(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, nil)
	id, key := s.service(domain.TokensIntrospect, "reports:read")
	weak, weakKey := s.service("reports:read")
	user := s.session("ada@example.com")
	const token, introspect, revoke = "/oauth/token", "/oauth/introspect", "/oauth/revoke"
	grant := fields("grant_type", "client_credentials")
	bearer := func(t string) http.Header { return http.Header{"Authorization": {"Bearer " + t}} }
	const basic = `Basic realm="sallyport", charset="UTF-8"`

	for name, c := range map[string]struct {
		request
		status    int
		code      string
		challenge string
	}{
		"nothing at all":                {request{path: token, media: "-"}, 400, "invalid_request", ""},
		"no grant type":                 {request{path: token, form: fields("a", "b")}, 400, "invalid_request", ""},
		"an empty grant type":           {request{path: token, form: fields("grant_type", "")}, 400, "invalid_request", ""},
		"the password grant":            {request{path: token, form: fields("grant_type", "password", "username", "ada@example.com", "password", "x")}, 400, "unsupported_grant_type", ""},
		"a grant nobody knows":          {request{path: token, form: fields("grant_type", "magic")}, 400, "unsupported_grant_type", ""},
		"a repeated parameter":          {request{path: token, body: "grant_type=refresh_token&grant_type=refresh_token"}, 400, "invalid_request", ""},
		"a NUL":                         {request{path: token, body: "grant_type=refresh_token&refresh_token=%00"}, 400, "invalid_request", ""},
		"what is no UTF-8":              {request{path: token, body: "grant_type=refresh_token&refresh_token=%ff"}, 400, "invalid_request", ""},
		"what is no form":               {request{path: token, body: "grant_type=%zz"}, 400, "invalid_request", ""},
		"JSON":                          {request{path: token, body: `{"grant_type":"refresh_token"}`, media: "application/json"}, 415, "invalid_request", ""},
		"another method":                {request{path: token, method: http.MethodGet}, 405, "invalid_request", ""},
		"no refresh token":              {request{path: token, form: fields("grant_type", "refresh_token")}, 400, "invalid_request", ""},
		"a refresh token in the query":  {request{path: token + "?refresh_token=" + user.Refresh.Reveal(), form: fields("grant_type", "refresh_token")}, 400, "invalid_request", ""},
		"a bad refresh token":           {request{path: token, form: fields("grant_type", "refresh_token", "refresh_token", "x.y.z")}, 400, "invalid_grant", ""},
		"an access token to refresh":    {request{path: token, form: fields("grant_type", "refresh_token", "refresh_token", user.Access.Reveal())}, 400, "invalid_grant", ""},
		"a scope for a session":         {request{path: token, form: fields("grant_type", "refresh_token", "refresh_token", user.Refresh.Reveal(), "scope", "users:read")}, 400, "invalid_scope", ""},
		"a wrong client that refreshes": {request{path: token, id: id, secret: "wrong", form: fields("grant_type", "refresh_token", "refresh_token", user.Refresh.Reveal())}, 401, "invalid_client", basic},
		"no client":                     {request{path: token, form: grant}, 401, "invalid_client", basic},
		"a client without a secret":     {request{path: token, form: fields("grant_type", "client_credentials", "client_id", id)}, 401, "invalid_client", basic},
		"a wrong secret":                {request{path: token, form: grant, id: id, secret: "wrong"}, 401, "invalid_client", basic},
		"a wrong secret in the body":    {request{path: token, form: fields("grant_type", "client_credentials", "client_id", id, "client_secret", "wrong")}, 401, "invalid_client", basic},
		"another's key":                 {request{path: token, form: grant, id: id, secret: weakKey}, 401, "invalid_client", basic},
		"a bearer as client":            {request{path: token, form: fields("grant_type", "refresh_token", "refresh_token", user.Refresh.Reveal()), header: bearer(user.Access.Reveal())}, 401, "invalid_client", basic},
		"Basic that can't be read":      {request{path: token, form: grant, header: http.Header{"Authorization": {"Basic ???"}}}, 401, "invalid_client", basic},
		"Basic and body at once":        {request{path: token, id: id, secret: key, form: fields("grant_type", "client_credentials", "client_id", id, "client_secret", key)}, 400, "invalid_request", ""},
		"Basic and another client id":   {request{path: token, id: id, secret: key, form: fields("grant_type", "client_credentials", "client_id", weak)}, 400, "invalid_request", ""},
		"two Authorization headers":     {request{path: token, form: grant, header: http.Header{"Authorization": {"Basic eDp5", "Basic eDp5"}}}, 400, "invalid_request", ""},
		"more than the key may":         {request{path: token, id: id, secret: key, form: fields("grant_type", "client_credentials", "scope", "users:write")}, 400, "invalid_scope", ""},

		"introspection of nothing":           {request{path: introspect, id: id, secret: key, form: fields("a", "b")}, 400, "invalid_request", ""},
		"introspection by nobody":            {request{path: introspect, form: fields("token", "x")}, 401, "invalid_client", basic},
		"introspection by a wrong client":    {request{path: introspect, id: id, secret: "wrong", form: fields("token", "x")}, 401, "invalid_client", basic},
		"introspection with a wrong API key": {request{path: introspect, form: fields("token", "x"), header: http.Header{"X-Api-Key": {key + "0"}}}, 401, "invalid_client", basic},
		"introspection with a bad bearer":    {request{path: introspect, form: fields("token", "x"), header: bearer("x.y.z")}, 401, "invalid_token", `Bearer error="invalid_token"`},
		"introspection with a refresh token": {request{path: introspect, form: fields("token", "x"), header: bearer(user.Refresh.Reveal())}, 401, "invalid_token", `Bearer error="invalid_token"`},
		"introspection without permission":   {request{path: introspect, id: weak, secret: weakKey, form: fields("token", "x")}, 403, "insufficient_scope", `Bearer error="insufficient_scope"`},
		"introspection by a plain user":      {request{path: introspect, form: fields("token", "x"), header: bearer(user.Access.Reveal())}, 403, "insufficient_scope", `Bearer error="insufficient_scope"`},
		"introspection with two credentials": {request{path: introspect, id: id, secret: key, form: fields("token", "x"), header: http.Header{"X-Api-Key": {key}}}, 400, "invalid_request", ""},

		"revocation of nothing":        {request{path: revoke, form: fields("a", "b")}, 400, "invalid_request", ""},
		"revocation by a wrong client": {request{path: revoke, id: id, secret: "wrong", form: fields("token", "x")}, 401, "invalid_client", basic},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.call(c.request)
			if got.status != c.status || got.json["error"] != c.code || got.header.Get("WWW-Authenticate") != c.challenge {
				t.Errorf("got %d, %s, challenge %q, want %d, %s, challenge %q",
					got.status, got.text, got.header.Get("WWW-Authenticate"), c.status, c.code, c.challenge)
			}
			if got.header.Get("Content-Type") != "application/json" || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" {
				t.Errorf("got the header %v, want JSON that nobody keeps", got.header)
			}
			if c.status == http.StatusMethodNotAllowed && !strings.Contains(got.header.Get("Allow"), http.MethodPost) {
				t.Errorf("got Allow %q, want POST", got.header.Get("Allow"))
			}
		})
	}
	t.Run("a body above 64 KiB stays a problem", func(t *testing.T) {
		t.Parallel()
		got := s.call(request{path: token, body: "grant_type=" + strings.Repeat("x", 65<<10)})
		if got.status != http.StatusRequestEntityTooLarge || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("got %d and %s, want a 413 that is a problem", got.status, got.header.Get("Content-Type"))
		}
	})
}

// down answers nothing about sessions and API keys.
type down struct{ application.Storage }

var errDown = domain.ErrUnavailable.Because(errors.New("the database is gone"))

func (down) APIKeyState(context.Context, domain.APIKeyID) (*domain.APIKey, error) {
	return nil, errDown
}

func (down) Sessions() application.SessionStore { return downSessions{} }

type downSessions struct{ application.SessionStore }

func (downSessions) Advance(context.Context, application.Advance) (s domain.Session, u domain.User, moved bool, err error) {
	return s, u, false, errDown
}

func TestWithoutStorageOAuthIsTemporarilyUnavailable(t *testing.T) {
	t.Parallel()
	store := memory.New()
	before := newOAuthServer(t, store)
	id, key := before.service(domain.TokensIntrospect)
	s := newOAuthServer(t, down{store})
	claims := domain.RefreshClaims{
		Session: "018f4e6c-0000-7000-8000-000000000002", Subject: "018f4e6c-0000-7000-8000-000000000001",
		IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	}
	refresh, err := s.tokens.SignRefresh(claims)
	s.must("sign", err)
	for name, r := range map[string]request{
		"client_credentials": {path: "/oauth/token", id: id, secret: key, form: fields("grant_type", "client_credentials")},
		"refresh_token":      {path: "/oauth/token", form: fields("grant_type", "refresh_token", "refresh_token", refresh.Reveal())},
		"introspection":      {path: "/oauth/introspect", id: id, secret: key, form: fields("token", "x")},
	} {
		got := s.call(r)
		if got.status != http.StatusServiceUnavailable || got.json["error"] != "temporarily_unavailable" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d, %s, Retry-After %q, want a 503 that says when to come back", name, got.status, got.text, got.header.Get("Retry-After"))
		}
	}
}

func TestIntrospectionSaysWhatATokenIsWorthNow(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, nil)
	id, key := s.service(domain.TokensIntrospect)
	user := s.session("grace@example.com", domain.RoleModerator)
	admin := s.session("root@example.com", domain.RoleAdmin)
	service := s.call(request{path: "/oauth/token", id: id, secret: key, form: fields("grant_type", "client_credentials")}).json["access_token"].(string)

	for name, by := range map[string]request{
		"by Basic":           {id: id, secret: key, form: fields()},
		"by the body":        {form: fields("client_id", id, "client_secret", key)},
		"by X-API-Key":       {form: fields(), header: http.Header{"X-Api-Key": {key}}},
		"by a user's bearer": {form: fields(), header: http.Header{"Authorization": {"Bearer " + admin.Access.Reveal()}}},
		"by its own bearer":  {form: fields(), header: http.Header{"Authorization": {"Bearer " + service}}},
	} {
		by.path = "/oauth/introspect"
		ask := func(token string) map[string]any {
			by.form.Set("token", token)
			by.form.Set("token_type_hint", "something else")
			got := s.call(by)
			if got.status != http.StatusOK {
				t.Fatalf("%s: got %d, %s, want 200", name, got.status, got.text)
			}
			return got.json
		}
		access, refresh, own := ask(user.Access.Reveal()), ask(user.Refresh.Reveal()), ask(service)
		for what, c := range map[string]struct{ got, want any }{
			"active":             {access["active"], true},
			"username":           {access["username"], "grace@example.com"},
			"scope":              {access["scope"], "audit:read sessions:read sessions:revoke users:read"},
			"type":               {access["token_type"], "Bearer"},
			"issuer":             {access["iss"], s.URL},
			"audience":           {access["aud"], "sallyport"},
			"refresh active":     {refresh["active"], true},
			"refresh type":       {refresh["token_type"], "refresh_token"},
			"refresh audience":   {refresh["aud"], s.URL},
			"the same session":   {refresh["sid"], access["sid"]},
			"the same subject":   {refresh["sub"], access["sub"]},
			"service active":     {own["active"], true},
			"service subject":    {own["sub"], id},
			"service client":     {own["client_id"], id},
			"service scope":      {own["scope"], "tokens:introspect"},
			"service session":    {own["sid"], nil},
			"service's username": {own["username"], nil},
		} {
			if c.got != c.want {
				t.Errorf("%s, %s: got %v, want %v", name, what, c.got, c.want)
			}
		}
		if roles, _ := access["roles"].([]any); len(roles) != 1 || roles[0] != "moderator" {
			t.Errorf("%s: got the roles %v, want moderator", name, access["roles"])
		}
		if life := access["exp"].(float64) - access["iat"].(float64); life != 900 {
			t.Errorf("%s: it lives %v s, want 900", name, life)
		}
		if got := ask("x.y.z"); len(got) != 1 || got["active"] != false {
			t.Errorf("%s: of garbage: got %v, want that it is not active and no more", name, got)
		}
	}
}

func TestRevocationEndsTheSessionAndSaysTheSameOfEverything(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, nil)
	id, key := s.service(domain.TokensIntrospect)
	service := s.call(request{path: "/oauth/token", id: id, secret: key, form: fields("grant_type", "client_credentials")}).json["access_token"].(string)
	active := func(token string) any {
		return s.call(request{path: "/oauth/introspect", id: id, secret: key, form: fields("token", token)}).json["active"]
	}
	revoke := func(what, token string) {
		got := s.call(request{path: "/oauth/revoke", form: fields("token", token)})
		if got.status != http.StatusOK || got.text != "" {
			t.Errorf("%s: got %d, %q, want 200 and nothing", what, got.status, got.text)
		}
	}
	first, other := s.session("a@example.com"), s.session("b@example.com")
	revoke("a refresh token", first.Refresh.Reveal())
	revoke("the same again", first.Refresh.Reveal())
	revoke("an access token", other.Access.Reveal())
	revoke("garbage", "x.y.z")
	revoke("a service's token", service)
	for _, token := range []string{first.Access.Reveal(), first.Refresh.Reveal(), other.Access.Reveal(), other.Refresh.Reveal()} {
		if active(token) != false {
			t.Error("a token of a revoked session is active")
		}
	}
	if active(service) != true {
		t.Error("a service's token ended before its key")
	}
	got := s.call(request{path: "/oauth/token", form: fields("grant_type", "refresh_token", "refresh_token", first.Refresh.Reveal())})
	if got.status != http.StatusBadRequest || got.json["error"] != "invalid_grant" {
		t.Errorf("refresh afterwards: got %d, %s, want invalid_grant", got.status, got.text)
	}
}

// golang.org/x/oauth2 is a client that others wrote, with every way of
// authenticating that it knows; github.com/coreos/go-oidc is a verifier.
func TestClientsThatOthersWroteGetAndVerifyTokens(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, nil)
	id, key := s.service("reports:read", "reports:write")
	ctx := oidc.ClientContext(t.Context(), s.Client())
	verifier := oidc.NewVerifier(s.URL, oidc.NewRemoteKeySet(ctx, s.URL+"/.well-known/jwks.json"),
		&oidc.Config{ClientID: "sallyport", SupportedSigningAlgs: []string{oidc.ES256}})

	for name, style := range map[string]oauth2.AuthStyle{"itself": oauth2.AuthStyleAutoDetect, "Basic": oauth2.AuthStyleInHeader, "the body": oauth2.AuthStyleInParams} {
		config := clientcredentials.Config{ClientID: id, ClientSecret: key, TokenURL: s.URL + "/oauth/token", Scopes: []string{"reports:read"}, AuthStyle: style}
		token, err := config.Token(ctx)
		s.must("client credentials by "+name, err)
		if token.RefreshToken != "" || token.Type() != "Bearer" || token.Extra("scope") != "reports:read" || time.Until(token.Expiry) > 15*time.Minute {
			t.Errorf("by %s: got %+v, want a bearer for 15 minutes and no refresh token", name, token)
		}
		verified, err := verifier.Verify(ctx, token.AccessToken)
		s.must("verify", err)
		var claims struct {
			Scope    string `json:"scope"`
			ClientID string `json:"client_id"`
		}
		s.must("read the claims", verified.Claims(&claims))
		if verified.Subject != id || claims.ClientID != id || claims.Scope != "reports:read" {
			t.Errorf("by %s: got subject %s, %+v, want the service", name, verified.Subject, claims)
		}

		session := s.session(strings.ReplaceAll(name, " ", "-") + "@example.com")
		app := oauth2.Config{ClientID: "an app that keeps no secret", Endpoint: oauth2.Endpoint{TokenURL: s.URL + "/oauth/token", AuthStyle: style}}
		fresh, err := app.TokenSource(ctx, &oauth2.Token{RefreshToken: session.Refresh.Reveal(), Expiry: time.Now().Add(-time.Hour)}).Token()
		s.must("refresh by "+name, err)
		if fresh.RefreshToken == session.Refresh.Reveal() || fresh.RefreshToken == "" {
			t.Errorf("by %s: got the same refresh token, or none, want the next", name)
		}
		if _, err := verifier.Verify(ctx, fresh.AccessToken); err != nil {
			t.Errorf("by %s: verify the user's token: %v", name, err)
		}
	}

	_, err := (&clientcredentials.Config{ClientID: id, ClientSecret: "wrong", TokenURL: s.URL + "/oauth/token"}).Token(ctx)
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" {
		t.Errorf("a wrong secret: got %v, want invalid_client", err)
	}
}

// A verifier that keeps the key set meets a key that it does not have.
func TestAVerifierThatOthersWroteFollowsARotation(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, nil)
	id, key := s.service("reports:read")
	ctx := oidc.ClientContext(t.Context(), s.Client())
	verifier := oidc.NewVerifier(s.URL, oidc.NewRemoteKeySet(ctx, s.URL+"/.well-known/jwks.json"),
		&oidc.Config{ClientID: "sallyport", SupportedSigningAlgs: []string{oidc.ES256}})
	config := clientcredentials.Config{ClientID: id, ClientSecret: key, TokenURL: s.URL + "/oauth/token"}
	for range 3 {
		token, err := config.Token(ctx)
		s.must("get a token", err)
		_, err = verifier.Verify(ctx, token.AccessToken)
		for tries := 0; err != nil && tries < 100; tries++ { // it may have joined its own last fetch, which was just over
			time.Sleep(10 * time.Millisecond)
			_, err = verifier.Verify(ctx, token.AccessToken)
		}
		s.must("verify", err)
		keys, err := s.keys.List(ctx)
		s.must("list the keys", err)
		s.must("revoke", s.keys.Revoke(ctx, domain.Operator(), keys[len(keys)-1].ID))
	}
}

// RFC 8414 §3: the metadata leads to what works.
func TestTheMetadataNamesWhatWorks(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t, nil)
	got := s.call(request{method: http.MethodGet, path: "/.well-known/oauth-authorization-server"})
	if got.status != http.StatusOK || got.json["issuer"] != s.URL || !strings.HasPrefix(got.header.Get("Cache-Control"), "public") {
		t.Fatalf("got %d, %s, %v, want public metadata of %s", got.status, got.text, got.header, s.URL)
	}
	for name, method := range map[string]string{
		"token_endpoint": http.MethodPost, "introspection_endpoint": http.MethodPost, "revocation_endpoint": http.MethodPost,
		"jwks_uri": http.MethodGet, "service_documentation": http.MethodGet,
	} {
		path, ok := strings.CutPrefix(got.json[name].(string), s.URL)
		if answered := s.call(request{method: method, path: path}); !ok || answered.status == http.StatusNotFound || answered.status == http.StatusMethodNotAllowed {
			t.Errorf("%s: got %v, which answers %d", name, got.json[name], answered.status)
		}
	}
	for _, grant := range got.json["grant_types_supported"].([]any) {
		if answered := s.call(request{path: "/oauth/token", form: fields("grant_type", grant.(string))}); answered.json["error"] == "unsupported_grant_type" {
			t.Errorf("%s is named, and not supported", grant)
		}
	}
}
