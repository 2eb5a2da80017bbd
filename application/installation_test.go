package application_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// installation is one storage that any number of replicas share, and the one
// clock that they all have.
type installation struct {
	*testing.T

	store  *memory.Store
	micros atomic.Int64

	mu       sync.Mutex
	replicas []*replica
}

// accessLife is the life of an access token in an installation.
const accessLife = 15 * time.Minute

func newInstallation(t *testing.T) *installation {
	i := &installation{T: t, store: memory.New()}
	i.micros.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	i.store.OnChange(func(changes ...application.Change) {
		i.mu.Lock()
		defer i.mu.Unlock()
		for _, r := range i.replicas {
			r.tokens.Changed(changes...)
		}
	})
	return i
}

// Now makes the installation its own clock.
func (i *installation) Now() time.Time       { return time.UnixMicro(i.micros.Load()).UTC() }
func (i *installation) pass(d time.Duration) { i.micros.Add(d.Microseconds()) }

// Record makes it its own recorder: the audit store is looked at instead.
func (*installation) Record(context.Context, domain.Event) {}

// replica is one process of an installation, with a configuration of its own.
type replica struct {
	*installation

	tokens    *jwttoken.Tokens
	rewrap    *application.Rewrap
	keys      *application.Keys
	authorize *application.Authorize
	clients   *application.ClientCredentials
	apiKeys   *application.APIKeys
	refresh   *application.Refresh
}

type setting struct {
	algorithm        domain.SigningAlgorithm
	maxAge           time.Duration
	secret, previous domain.Secret
}

// start starts a replica as a process does, up to what Begin says.
func (i *installation) start(s setting) (*replica, error) {
	i.Helper()
	sealer, err := envelope.New(envelope.Config{Secret: s.secret, Previous: s.previous})
	i.must("make a sealer", err)
	journal := application.Journal{Store: i.store, Recorder: i, Clock: i, IDs: system.IDs{}}
	r := &replica{installation: i}
	r.tokens, err = jwttoken.New(jwttoken.Config{
		Issuer: "https://auth.example.com", Audience: "sallyport", Algorithm: s.algorithm,
		Secret: s.secret, PreviousSecret: s.previous, Remember: 100,
	}, i.store, sealer, i, jwttoken.WithJournal(journal))
	i.must("make tokens", err)
	r.rewrap = &application.Rewrap{Journal: journal, Sealer: sealer, Secret: s.secret.Name()}
	if !s.previous.IsZero() {
		r.rewrap.Previous = s.previous.Name()
	}
	r.keys = &application.Keys{Journal: journal, Maker: r.tokens, Sealed: r.rewrap, Policy: domain.KeyPolicy{
		Algorithm: s.algorithm, Access: accessLife, MaxAge: s.maxAge,
	}}
	grants := application.Grants{
		Signer: r.tokens, IDs: system.IDs{}, Rotation: true, Grace: 10 * time.Second,
		Lifetimes: domain.Lifetimes{Access: accessLife, Idle: 24 * time.Hour, Absolute: 48 * time.Hour},
	}
	r.authorize = &application.Authorize{Journal: journal, Verifier: r.tokens, State: i.store}
	r.clients = &application.ClientCredentials{Journal: journal, Grants: grants, Authorize: r.authorize}
	r.apiKeys = &application.APIKeys{Journal: journal}
	r.refresh = &application.Refresh{Journal: journal, Grants: grants, Verifier: r.tokens}
	i.mu.Lock()
	i.replicas = append(i.replicas, r)
	i.mu.Unlock()
	return r, r.rewrap.Begin(i.Context())
}

// run starts a replica that must start.
func (i *installation) run(s setting) *replica {
	i.Helper()
	if s.algorithm == "" {
		s.algorithm = domain.EdDSA
	}
	if s.secret.IsZero() {
		s.secret = domain.NewSecret("the one secret of an installation that keeps it")
	}
	r, err := i.start(s)
	i.must("start", err)
	return r
}

func (i *installation) must(what string, err error) {
	i.Helper()
	if err != nil {
		i.Fatalf("%s: got %v, want no error", what, err)
	}
}

// service makes an API key and returns it as an OAuth 2.0 client.
func (r *replica) service(expires time.Time, permissions ...domain.Permission) (domain.APIKey, application.Client) {
	r.Helper()
	key, text, err := r.apiKeys.Create(r.Context(), domain.Operator(), application.NewAPIKey{
		Name: "a service", Permissions: domain.NewPermissions(permissions...), ExpiresAt: expires,
	})
	r.must("create an API key", err)
	return key, application.Client{ID: string(key.ID), Secret: text}
}

// token gets an access token for a service.
func (r *replica) token(client application.Client) string {
	r.Helper()
	token, err := r.clients.Do(r.Context(), client, "")
	r.must("get a token", err)
	return token.Access.Reveal()
}

// good reports whether the replica lets an access token pass.
func (r *replica) good(token string) bool {
	_, err := r.authorize.Bearer(r.Context(), token)
	return err == nil
}
