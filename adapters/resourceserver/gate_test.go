package resourceserver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sallyport-auth/sallyport/adapters/resourceserver"
)

// issuer publishes one key and answers introspections.
type issuer struct {
	*httptest.Server
	key        *ecdsa.PrivateKey
	kid        atomic.Value // string
	fetches    atomic.Int32
	questions  atomic.Int32
	down, over atomic.Bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	i.kid.Store("one")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", i.jwks)
	mux.HandleFunc("POST /oauth/introspect", i.introspect)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) jwks(w http.ResponseWriter, _ *http.Request) {
	i.fetches.Add(1)
	if i.down.Load() {
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	point, _ := i.key.PublicKey.Bytes()
	coordinate := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	w.Header().Set("Cache-Control", "public, max-age=300")
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": i.kid.Load().(string),
		"x": coordinate(point[1:33]), "y": coordinate(point[33:]),
	}}})
}

func (i *issuer) introspect(w http.ResponseWriter, r *http.Request) {
	i.questions.Add(1)
	if i.down.Load() || r.Header.Get("X-API-Key") != "sp_key" {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"active": !i.over.Load(), "roles": []string{"analyst"}})
}

// token mints a good token, changed as the test wants it.
func (i *issuer) token(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	all := jwt.MapClaims{
		"iss": i.URL, "sub": "ada", "aud": "sallyport", "type": "access", "jti": "1", "sid": "s",
		"roles": []string{"user"}, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	token := jwt.NewWithClaims(jwt.SigningMethodES256, all)
	token.Header["typ"], token.Header["kid"] = "at+jwt", i.kid.Load()
	maps.Copy(token.Header, header)
	text, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (i *issuer) gate(t *testing.T, change func(*resourceserver.Config)) *resourceserver.Gate {
	t.Helper()
	config := resourceserver.Config{Issuer: i.URL, Audience: "sallyport"}
	if change != nil {
		change(&config)
	}
	gate, err := resourceserver.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return gate
}

func TestAGoodTokenSpeaksForItsCaller(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	gate := i.gate(t, nil)
	for range 3 {
		caller, err := gate.Verify(t.Context(), i.token(t, nil, nil))
		if err != nil {
			t.Fatal(err)
		}
		if caller.Subject != "ada" || caller.Session != "s" || !caller.HasAnyRole("admin", "user") || caller.HasAnyRole("admin") {
			t.Errorf("caller %+v, want ada in session s with the role user", caller)
		}
	}
	if got := i.fetches.Load(); got != 1 {
		t.Errorf("keys were fetched %d times, want once", got)
	}
}

func TestATokenThatIsNotOursOpensNothing(t *testing.T) {
	t.Parallel()
	i, other := newIssuer(t), newIssuer(t)
	gate := i.gate(t, nil)
	soon := time.Now().Add(time.Hour).Unix()
	shared := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": i.URL, "aud": "sallyport", "type": "access", "sub": "ada", "exp": soon, "iat": 1})
	shared.Header["typ"], shared.Header["kid"] = "at+jwt", "one"
	confused, err := shared.SignedString([]byte("any secret"))
	if err != nil {
		t.Fatal(err)
	}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"exp": soon}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	good := i.token(t, nil, nil)
	for name, token := range map[string]string{
		"empty":                        "",
		"garbage":                      "garbage",
		"another issuer's key":         other.token(t, nil, map[string]any{"iss": i.URL}),
		"another issuer":               i.token(t, nil, map[string]any{"iss": other.URL}),
		"another audience":             i.token(t, nil, map[string]any{"aud": "other"}),
		"no audience":                  i.token(t, nil, map[string]any{"aud": nil}),
		"expired":                      i.token(t, nil, map[string]any{"exp": time.Now().Unix() - 1}),
		"without expiry":               i.token(t, nil, map[string]any{"exp": nil}),
		"expiry that is text":          i.token(t, nil, map[string]any{"exp": "tomorrow"}),
		"without iat":                  i.token(t, nil, map[string]any{"iat": nil}),
		"issued in the future":         i.token(t, nil, map[string]any{"iat": time.Now().Unix() + 90}),
		"not yet valid":                i.token(t, nil, map[string]any{"nbf": time.Now().Unix() + 90}),
		"a refresh token by type":      i.token(t, nil, map[string]any{"type": "refresh"}),
		"a refresh token by typ":       i.token(t, map[string]any{"typ": "rt+jwt"}, nil),
		"an ID token":                  i.token(t, map[string]any{"typ": "JWT"}, nil),
		"without subject":              i.token(t, nil, map[string]any{"sub": nil}),
		"unknown kid":                  i.token(t, map[string]any{"kid": "two"}, nil),
		"critical extension":           i.token(t, map[string]any{"crit": []string{"x"}}, nil),
		"embedded key":                 i.token(t, map[string]any{"jwk": map[string]string{"kty": "EC"}}, nil),
		"alg none":                     none,
		"HMAC in place of ES256":       confused,
		"signature cut off":            good[:strings.LastIndex(good, ".")+1],
		"over 8 KiB":                   i.token(t, nil, map[string]any{"x": strings.Repeat("x", 9000)}),
		"signature of another payload": good[:strings.LastIndex(good, ".")] + "." + strings.Split(i.token(t, nil, map[string]any{"sub": "eve"}), ".")[2],
	} {
		if caller, err := gate.Verify(t.Context(), token); !errors.Is(err, resourceserver.ErrInvalidToken) {
			t.Errorf("%s: caller %+v and error %v, want ErrInvalidToken", name, caller, err)
		}
	}
}

func TestARotatedKeyIsFetchedAndAFloodOfUnknownOnesIsNot(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	gate := i.gate(t, func(c *resourceserver.Config) {
		c.Now = func() time.Time { return time.Unix(0, now.Load()) }
	})
	if _, err := gate.Verify(t.Context(), i.token(t, nil, nil)); err != nil {
		t.Fatal(err)
	}
	i.kid.Store("two")
	rotated := i.token(t, nil, nil)
	for range 20 {
		if _, err := gate.Verify(t.Context(), i.token(t, map[string]any{"kid": "stranger"}, nil)); !errors.Is(err, resourceserver.ErrInvalidToken) {
			t.Fatalf("an unknown kid: error %v, want ErrInvalidToken", err)
		}
	}
	if got := i.fetches.Load(); got != 1 {
		t.Errorf("unknown kids fetched the keys %d times in a moment, want once", got)
	}
	now.Add(int64(6 * time.Second))
	if _, err := gate.Verify(t.Context(), rotated); err != nil {
		t.Errorf("a token of the new key: %v", err)
	}
}

func TestAnIssuerThatIsAwayStopsNobodyWhoseKeyIsKnown(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	gate := i.gate(t, func(c *resourceserver.Config) {
		c.Now = func() time.Time { return time.Unix(0, now.Load()) }
	})
	token := i.token(t, nil, map[string]any{"exp": time.Now().Add(3 * time.Hour).Unix()})
	i.down.Store(true)
	if _, err := gate.Verify(t.Context(), token); err == nil || errors.Is(err, resourceserver.ErrInvalidToken) {
		t.Errorf("without any key: error %v, want one that says nothing of the token", err)
	}
	i.down.Store(false)
	now.Add(int64(6 * time.Second))
	if _, err := gate.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	i.down.Store(true)
	now.Add(int64(30 * time.Minute))
	if _, err := gate.Verify(t.Context(), token); err != nil {
		t.Errorf("with a key that is half an hour old: %v", err)
	}
	now.Add(int64(time.Hour))
	if _, err := gate.Verify(t.Context(), token); err == nil {
		t.Error("with a key that nobody confirmed for over an hour: no error")
	}
}

func TestIntrospectionSeesARevocation(t *testing.T) {
	t.Parallel()
	for name, every := range map[string]time.Duration{"on each request": 0, "once a minute": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			var now atomic.Int64
			now.Store(time.Now().UnixNano())
			gate := i.gate(t, func(c *resourceserver.Config) {
				c.Now = func() time.Time { return time.Unix(0, now.Load()) }
				c.Introspection = &resourceserver.Introspection{APIKey: "sp_key", Every: every}
			})
			token := i.token(t, nil, map[string]any{"exp": time.Now().Add(time.Hour).Unix()})
			for range 3 {
				caller, err := gate.Verify(t.Context(), token)
				if err != nil || !caller.HasAnyRole("analyst") {
					t.Fatalf("caller %+v, error %v, want the roles of now", caller, err)
				}
			}
			if got, want := i.questions.Load(), map[bool]int32{true: 1, false: 3}[every > 0]; got != want {
				t.Errorf("the issuer was asked %d times, want %d", got, want)
			}
			i.over.Store(true)
			now.Add(int64(every))
			if _, err := gate.Verify(t.Context(), token); !errors.Is(err, resourceserver.ErrInactive) {
				t.Errorf("after a revocation: error %v, want ErrInactive", err)
			}
		})
	}
}

func TestTheMiddlewareAnswersAsRFC6750Says(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	gate := i.gate(t, nil)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := resourceserver.CallerOf(r.Context())
		_, _ = w.Write([]byte(caller.Subject))
	})
	protected := gate.Require()(gate.RequireRole("user")(handler))
	admins := gate.RequireRole("admin")(handler)
	good := i.token(t, nil, nil)
	for name, c := range map[string]struct {
		handler   http.Handler
		header    []string
		status    int
		challenge string
	}{
		"a good token":   {protected, []string{"Bearer " + good}, 200, ""},
		"lower case":     {protected, []string{"bearer " + good}, 200, ""},
		"no token":       {protected, nil, 401, `Bearer`},
		"a bad token":    {protected, []string{"Bearer x"}, 401, `Bearer error="invalid_token"`},
		"two tokens":     {protected, []string{"Bearer " + good, "Bearer " + good}, 401, `Bearer error="invalid_token"`},
		"another scheme": {protected, []string{"Basic " + good}, 401, `Bearer error="invalid_token"`},
		"the role lacks": {admins, []string{"Bearer " + good}, 403, `Bearer error="insufficient_scope"`},
	} {
		request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		request.Header["Authorization"] = c.header
		recorder := httptest.NewRecorder()
		c.handler.ServeHTTP(recorder, request)
		if recorder.Code != c.status || recorder.Header().Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: %d with %q, want %d with %q", name, recorder.Code, recorder.Header().Get("WWW-Authenticate"), c.status, c.challenge)
		}
	}
	i.down.Store(true)
	away := i.gate(t, nil).Require()(handler)
	request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	request.Header.Set("Authorization", "Bearer "+good)
	recorder := httptest.NewRecorder()
	away.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusServiceUnavailable || recorder.Header().Get("Retry-After") == "" {
		t.Errorf("with the issuer away: %d, want 503 with Retry-After", recorder.Code)
	}
}
