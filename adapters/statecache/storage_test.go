package statecache

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// storage is a StateReader whose loads a test can stop between having read and
// answering. It has one version of everything: what a load answers with is the
// version that it read.
type storage struct {
	mu      sync.Mutex
	version int64
	loads   int
	fail    error
	halt    chan struct{} // a load that has read waits for it; nil: it does not
	ends    time.Time
}

const (
	ada     = domain.UserID("ada")
	session = domain.SessionID("session")
	apiKey  = domain.APIKeyID("key")
)

func (s *storage) load(ctx context.Context) (int64, error) {
	s.mu.Lock()
	s.loads++
	version, halt, err := s.version, s.halt, s.fail
	s.mu.Unlock()
	if halt == nil {
		return version, err
	}
	select {
	case <-halt:
		return version, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (s *storage) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	version, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	return &domain.SessionState{
		Session: domain.Session{ID: id, UserID: ada, UserVersion: version, ExpiresAt: s.ends},
		User:    domain.User{ID: ada, Version: version},
	}, nil
}

func (s *storage) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	version, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	return &domain.APIKey{ID: id, CreatedAt: time.Unix(version, 0)}, nil
}

// scene is a cache before a storage, in a bubble of fake time.
type scene struct {
	*testing.T
	storage *storage
	cache   *Cache
}

// play runs a test in a bubble: synctest.Wait returns when every goroutine
// waits for another, so that each interleaving is the one that is written down.
func play(t *testing.T, script func(s *scene)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &storage{version: 1, ends: time.Now().Add(time.Hour)}
		script(&scene{T: t, storage: st, cache: apart(st)})
	})
}

// apart returns a cache in which the session and its user have stripes of their
// own: one that they share, by one seed in 4096, does the other's work, and
// would hide that a guard is gone.
func apart(st *storage) *Cache {
	for {
		c := New(st, Config{})
		if c.stamps.of(application.ChangedSession, string(session)) != c.stamps.of(application.ChangedUser, string(ada)) {
			return c
		}
	}
}

// write changes what storage has, as another process would: nothing is told.
func (s *scene) write() int64 {
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	s.storage.version++
	return s.storage.version
}

// halt stops loads that begin from now on, once they have read; the function
// that it returns lets them answer. What begins after that is not stopped.
func (s *scene) halt() (release func()) {
	halt := make(chan struct{})
	s.set(halt)
	return func() { close(halt) }
}

// pass lets loads that begin from now on answer at once.
func (s *scene) pass() { s.set(nil) }

func (s *scene) set(halt chan struct{}) {
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	s.storage.halt = halt
}

func (s *scene) read() int64 {
	s.Helper()
	state, err := s.cache.SessionState(s.Context(), session)
	if err != nil {
		s.Fatalf("SessionState: got error %v, want none", err)
	}
	return state.User.Version
}

// reading is a read that has begun.
type reading struct{ got chan int64 }

// begin reads in the background, and returns when the read waits.
func (s *scene) begin() reading {
	r := reading{make(chan int64, 1)}
	go func() {
		state, err := s.cache.SessionState(context.Background(), session)
		if err != nil {
			r.got <- -1
			return
		}
		r.got <- state.User.Version
	}()
	synctest.Wait()
	return r
}

// want fails unless a read gives the version.
func (s *scene) want(what string, want int64) {
	s.Helper()
	if got := s.read(); got != want {
		s.Errorf("%s: got version %d, want %d", what, got, want)
	}
}

// gets fails unless the read that had begun gives the version.
func (s *scene) gets(what string, r reading, want int64) {
	s.Helper()
	if got := <-r.got; got != want {
		s.Errorf("%s: got version %d, want %d", what, got, want)
	}
}

// asked fails unless storage was asked so often until now.
func (s *scene) asked(what string, want int) {
	s.Helper()
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	if s.storage.loads != want {
		s.Errorf("%s: storage was asked %d times, want %d", what, s.storage.loads, want)
	}
}

func (s *scene) beat() { s.cache.Beat(time.Now()) }

func change(kind application.ChangeKind, id string) application.Change {
	return application.Change{Kind: kind, ID: id}
}

// watched is every change that a session's entry must not survive.
var watched = []application.Change{
	change(application.ChangedSession, string(session)),
	change(application.ChangedUser, string(ada)),
	change(application.ChangedRole, "moderator"),
	change(application.ChangedEverything, ""),
}

var errDown = errors.New("storage is down")
