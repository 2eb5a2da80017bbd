package application_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var (
	noon  = time.Date(2026, time.March, 1, 12, 0, 0, 123_457_000, time.UTC)
	lives = domain.Lifetimes{Access: 5 * time.Minute, Idle: time.Hour, Absolute: 24 * time.Hour}
)

const graceTime = 10 * time.Second

// world is the real use cases over a storage in memory, with a clock that
// stands still and a hasher that costs nothing.
type world struct {
	store    application.Storage
	clock    *stillClock
	hasher   *countingHasher
	queue    *countingQueue
	events   *recorder
	tokens   *jwttoken.Tokens
	journal  application.Journal
	grants   application.Grants
	policy   domain.PasswordPolicy
	operator domain.Principal
}

// newWorld returns a world on memory, or on what wrap makes of it.
func newWorld(t testing.TB, wrap ...func(application.Storage) application.Storage) *world {
	t.Helper()
	w := &world{
		store: memory.New(), clock: &stillClock{}, queue: &countingQueue{}, events: &recorder{},
		policy: domain.PasswordPolicy{MinLength: 8}, operator: domain.Operator(),
	}
	for _, f := range wrap {
		w.store = f(w.store)
	}
	w.clock.set(noon)
	w.hasher = &countingHasher{}
	w.journal = application.Journal{Store: w.store, Recorder: w.events, Clock: w.clock, IDs: randomIDs{}}
	var err error
	w.tokens, err = jwttoken.New(jwttoken.Config{
		Issuer: "https://auth.example.com", Audience: "sallyport", Algorithm: domain.HS256, Secret: domain.RandomSecret(),
	}, w.store, openSealer{}, w.clock)
	require(t, "make tokens", err)
	require(t, "load the keys", w.tokens.Reload(t.Context())) // now, and not in whichever task comes first
	w.grants = application.Grants{Signer: w.tokens, IDs: randomIDs{}, Lifetimes: lives, Rotation: true, Grace: graceTime}
	return w
}

func (w *world) authenticate() *application.Authenticate {
	return &application.Authenticate{Journal: w.journal, Grants: w.grants, Hasher: w.hasher, Queue: w.queue}
}

func (w *world) refresh() *application.Refresh {
	return &application.Refresh{Journal: w.journal, Grants: w.grants, Verifier: w.tokens}
}

func (w *world) authorize() *application.Authorize {
	return &application.Authorize{Journal: w.journal, Verifier: w.tokens, State: w.store}
}

func (w *world) logout() *application.Logout {
	return &application.Logout{Journal: w.journal, Verifier: w.tokens}
}

func (w *world) register() *application.Register {
	return &application.Register{Journal: w.journal, Hasher: w.hasher, Queue: w.queue, Policy: w.policy, Open: true}
}

func (w *world) change() *application.ChangePassword {
	return &application.ChangePassword{Journal: w.journal, Grants: w.grants, Hasher: w.hasher, Queue: w.queue, Policy: w.policy}
}

func (w *world) users() *application.Users {
	return &application.Users{Journal: w.journal, Hasher: w.hasher, Queue: w.queue, Policy: w.policy}
}

const (
	oldPassword = "a horse and a stable"
	newPassword = "eleven quiet ferries"
)

// user makes an account with oldPassword and these roles.
func (w *world) user(t testing.TB, email string, roles ...domain.RoleName) domain.User {
	t.Helper()
	user, err := w.users().Create(t.Context(), w.operator, application.NewUser{
		Email: domain.StoredEmail(email), Password: password(oldPassword), Roles: roles,
	})
	require(t, "create "+email, err)
	return user
}

// login begins a session of an account with oldPassword.
func (w *world) login(t testing.TB, email string) domain.Tokens {
	t.Helper()
	tokens, err := w.authenticate().Do(t.Context(), application.Login{Username: email, Password: password(oldPassword)})
	require(t, "log in "+email, err)
	return tokens
}

// principal returns who holds an access token.
func (w *world) principal(t testing.TB, tokens domain.Tokens) domain.Principal {
	t.Helper()
	p, err := w.authorize().Bearer(t.Context(), tokens.Access.Reveal())
	require(t, "the bearer", err)
	return p
}

type stillClock struct{ micros atomic.Int64 }

func (c *stillClock) Now() time.Time       { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *stillClock) set(t time.Time)      { c.micros.Store(t.UnixMicro()) }
func (c *stillClock) wait(d time.Duration) { c.micros.Add(d.Microseconds()) }

type randomIDs struct{}

func (randomIDs) NewID() string { return uuid.Must(uuid.NewV7()).String() }

// countingHasher is free, and counts. What it made for an earlier era is stale.
type countingHasher struct {
	mu               sync.Mutex
	era              string
	verified, hashed int
}

func (h *countingHasher) Hash(_ context.Context, password domain.Password) (domain.PasswordHash, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hashed++
	return h.of(password), nil
}

func (h *countingHasher) Verify(_ context.Context, hash domain.PasswordHash, password domain.Password) (application.Verification, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.verified++
	_, of, _ := strings.Cut(hash.Reveal(), "$")
	match := of != "" && of == password.Reveal()
	return application.Verification{Match: match, Stale: match && hash != h.of(password)}, nil
}

func (h *countingHasher) of(password domain.Password) domain.PasswordHash {
	return domain.NewPasswordHash(h.era + "$" + password.Reveal())
}

// work returns how much was done since it was asked last.
func (h *countingHasher) work() (verified, hashed int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	verified, hashed = h.verified, h.hashed
	h.verified, h.hashed = 0, 0
	return verified, hashed
}

// countingQueue admits everybody, and counts them.
type countingQueue struct {
	overloaded    bool // refuses everybody at the door
	late          bool // admits, and refuses when the deadline comes
	mu            sync.Mutex
	asked, worked int
}

func (q *countingQueue) Admit(context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	if q.overloaded {
		return domain.ErrOverloaded.After(2 * time.Second)
	}
	return nil
}

func (q *countingQueue) Do(_ context.Context, _ string, work func()) error {
	if q.late {
		return domain.ErrOverloaded.After(2 * time.Second)
	}
	q.mu.Lock()
	q.worked++
	q.mu.Unlock()
	work()
	return nil
}

type openSealer struct{}

func (openSealer) Seal(_ string, plaintext []byte) ([]byte, error)    { return plaintext, nil }
func (openSealer) Open(_ string, sealed []byte) ([]byte, bool, error) { return sealed, false, nil }

// recorder keeps the events that it is told of.
type recorder struct {
	mu   sync.Mutex
	told []domain.Event
}

func (r *recorder) Record(_ context.Context, e domain.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, e)
}

// last returns the newest event.
func (r *recorder) last() domain.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.told) == 0 {
		return domain.Event{}
	}
	return r.told[len(r.told)-1]
}

// require ends the test on an error: without what it did the rest means nothing.
func require(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: got error %v, want none", what, err)
	}
}

// wantError reports an error that is not the wanted one; nil wants none.
func wantError(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// wantField reports an error that is not about the field.
func wantField(t testing.TB, what string, err error, field string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Field != field {
		t.Errorf("%s: got error %v, want an invalid %s", what, err, field)
	}
}
