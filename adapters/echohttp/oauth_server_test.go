package echohttp_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/adapters/echohttp"
	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// oauthServer is the real API over a storage in memory, with what the OAuth 2.0
// endpoints need.
type oauthServer struct {
	*testing.T
	*httptest.Server

	store   application.Storage
	tokens  *jwttoken.Tokens
	refresh *application.Refresh
	apiKeys *application.APIKeys
	keys    *application.Keys
}

// deaf hears of events, and tells nobody.
type deaf struct{}

func (deaf) Record(context.Context, domain.Event) {}

// newOAuthServer serves over store, or over a new one for nil.
func newOAuthServer(t *testing.T, store application.Storage) *oauthServer {
	t.Helper()
	s := &oauthServer{T: t, Server: httptest.NewUnstartedServer(nil), store: store}
	issuer := "http://" + s.Listener.Addr().String()
	secret := domain.NewSecret("a secret for tests that are over soon")
	sealer, err := envelope.New(envelope.Config{Secret: secret})
	s.must("make a sealer", err)
	if store == nil {
		own := memory.New()
		own.OnChange(func(changes ...application.Change) { s.tokens.Changed(changes...) })
		s.store = own
	}
	journal := application.Journal{Store: s.store, Recorder: deaf{}, Clock: system.Clock{}, IDs: system.IDs{}}
	s.tokens, err = jwttoken.New(jwttoken.Config{
		Issuer: issuer, Audience: "sallyport", Algorithm: domain.ES256, Secret: secret, Remember: 100,
	}, s.store, sealer, system.Clock{})
	s.must("make tokens", err)
	grants := application.Grants{
		Signer: s.tokens, IDs: system.IDs{}, Rotation: true, Grace: 10 * time.Second,
		Lifetimes: domain.Lifetimes{Access: 15 * time.Minute, Idle: 24 * time.Hour, Absolute: 48 * time.Hour},
	}
	authorize := &application.Authorize{Journal: journal, Verifier: s.tokens, State: s.store}
	s.refresh = &application.Refresh{Journal: journal, Grants: grants, Verifier: s.tokens}
	s.apiKeys = &application.APIKeys{Journal: journal}
	s.keys = &application.Keys{Journal: journal, Maker: s.tokens, Policy: domain.KeyPolicy{Algorithm: domain.ES256, Access: 15 * time.Minute}}
	s.Config.Handler = echohttp.New(echohttp.Config{Issuer: issuer, Docs: true}, echohttp.UseCases{
		Refresh: s.refresh, Authorize: authorize, Keys: s.tokens,
		Logout:            &application.Logout{Journal: journal, Verifier: s.tokens},
		ClientCredentials: &application.ClientCredentials{Journal: journal, Grants: grants, Authorize: authorize},
		Introspect:        &application.Introspect{Authorize: authorize, Grants: grants, Issuer: issuer, Audience: "sallyport"},
		RevokeToken:       &application.RevokeToken{Logout: &application.Logout{Journal: journal, Verifier: s.tokens}},
	}, echohttp.NewGuards(authorize), zap.NewNop())
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *oauthServer) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: got %v, want no error", what, err)
	}
}

// service makes an API key and returns its id and its text.
func (s *oauthServer) service(permissions ...domain.Permission) (id, key string) {
	s.Helper()
	made, text, err := s.apiKeys.Create(s.Context(), domain.Operator(), application.NewAPIKey{Name: "a service", Permissions: domain.NewPermissions(permissions...)})
	s.must("create an API key", err)
	return string(made.ID), text.Reveal()
}

// session makes a user with these roles and returns the session's tokens.
func (s *oauthServer) session(email string, roles ...domain.RoleName) domain.Tokens {
	s.Helper()
	now := system.Clock{}.Now()
	user := domain.User{
		ID: domain.UserID(system.IDs{}.NewID()), Email: domain.StoredEmail(email), Status: domain.StatusActive,
		Version: 1, Roles: domain.RoleNames(roles...), CreatedAt: now, UpdatedAt: now,
	}
	s.must("insert a user", s.store.Users().Insert(s.Context(), user))
	session := domain.NewSession(domain.SessionID(system.IDs{}.NewID()), user, now, s.refresh.Grants.Lifetimes, domain.Client{})
	s.must("insert a session", s.store.Sessions().Insert(s.Context(), session))
	token, err := s.tokens.SignRefresh(session.RefreshClaims(true))
	s.must("sign a refresh token", err)
	tokens, err := s.refresh.Do(s.Context(), token.Reveal())
	s.must("refresh", err)
	return tokens
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// request is a call with whatever a client might do wrong.
type request struct {
	method, path string // POST unless it says otherwise
	form         url.Values
	body         string // in place of form
	media        string // form unless it says otherwise; "-" for none
	id, secret   string // Basic
	header       http.Header
}

func (s *oauthServer) call(r request) answer {
	s.Helper()
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.form != nil {
		r.body = r.form.Encode()
	}
	call, err := http.NewRequestWithContext(s.Context(), r.method, s.URL+r.path, strings.NewReader(r.body))
	s.must("make a request", err)
	switch r.media {
	case "":
		call.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case "-":
	default:
		call.Header.Set("Content-Type", r.media)
	}
	if r.id != "" {
		call.SetBasicAuth(url.QueryEscape(r.id), url.QueryEscape(r.secret))
	}
	for name, values := range r.header {
		call.Header[name] = values
	}
	response, err := s.Client().Do(call)
	s.must("call", err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	s.must("read the answer", err)
	a := answer{status: response.StatusCode, header: response.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.json)
	return a
}

// fields makes a form of names and values in turn.
func fields(pairs ...string) url.Values {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}
