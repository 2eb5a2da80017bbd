package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/adapters/statecache"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// TestStateReader proves that a storage tells of its own changes in time: a
// state cache that hears of nothing else is never stale once a change has
// returned. open is as for TestStore; the storage is an
// application.ChangeFeed.
func TestStateReader(t *testing.T, open func(t *testing.T) application.Storage) {
	for _, c := range StateReaderCases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, open(t))
		})
	}
}

// StateReaderCases returns all that TestStateReader proves.
func StateReaderCases() []Case {
	return []Case{
		{"a cache is right after each change by itself", func(t testing.TB, s application.Storage) {
			cache := cached(t, s)
			r := newRemembered(t, s)
			for _, a := range alterationsTold {
				agree(t, "before "+a.name, cache, s, r)
				require(t, a.name, a.do(t.Context(), s, r))
				agree(t, "after "+a.name, cache, s, r)
			}
		}},
		{"a cache is right after each change in a transaction", func(t testing.TB, s application.Storage) {
			cache := cached(t, s)
			r := newRemembered(t, s)
			for _, a := range alterationsTold {
				agree(t, "before "+a.name, cache, s, r)
				require(t, a.name, s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
					again := *r // it may run several times
					err := a.do(ctx, tx, &again)
					if err == nil {
						*r = again
					}
					return err
				}))
				agree(t, "after "+a.name, cache, s, r)
			}
		}},
		{"a cache is right whatever is changed while others read", func(t testing.TB, s application.Storage) {
			changeWhileOthersRead(t, s, cached(t, s))
		}},
	}
}

// cached puts a cache before a storage that believes itself as long as the
// storage tells it nothing.
func cached(t testing.TB, s application.Storage) *statecache.Cache {
	t.Helper()
	feed, ok := s.(application.ChangeFeed)
	if !ok {
		t.Fatalf("%T: got a storage that is no application.ChangeFeed, want one", s)
	}
	cache := statecache.New(s, statecache.Config{})
	feed.OnChange(cache.Changed)
	cache.Beat(time.Now().Add(24 * time.Hour))
	return cache
}

// agree proves that the cache says what the storage says.
func agree(t testing.TB, what string, cache, s application.StateReader, r *remembered) {
	t.Helper()
	for range 2 { // the second answer is from memory
		got, gotErr := cache.SessionState(t.Context(), r.session.ID)
		want, wantErr := s.SessionState(t.Context(), r.session.ID)
		if !errors.Is(gotErr, wantErr) {
			t.Errorf("%s: session: got error %v, want %v", what, gotErr, wantErr)
		} else if diff := cmp.Diff(want, got, comparison); diff != "" {
			t.Errorf("%s: session is stale (-want +got):\n%s", what, diff)
		}
		key, gotErr := cache.APIKeyState(t.Context(), r.key.ID)
		wantKey, wantErr := s.APIKeyState(t.Context(), r.key.ID)
		if !errors.Is(gotErr, wantErr) {
			t.Errorf("%s: API key: got error %v, want %v", what, gotErr, wantErr)
		} else if diff := cmp.Diff(wantKey, key, comparison); diff != "" {
			t.Errorf("%s: API key is stale (-want +got):\n%s", what, diff)
		}
	}
}

// stateReaderLives is how many random lives the last case leads.
const stateReaderLives = 4

// changeWhileOthersRead has several writers, each with a user of its own,
// change what rapid says, while readers keep the cache full of what was. Each
// writer looks whether the cache knows its change as soon as that returns.
func changeWhileOthersRead(t testing.TB, s application.Storage, cache application.StateReader) {
	t.Helper()
	prepareRapid()
	const writers, readers = 3, 3
	lives := 0
	rapid.Check(t, func(rt *rapid.T) {
		if lives++; lives > stateReaderLives {
			return
		}
		scripts := make([][]int, writers)
		homes := make([]*remembered, writers)
		var sessions [writers]atomic.Pointer[domain.SessionID]
		for i := range writers {
			scripts[i] = rapid.SliceOfN(rapid.IntRange(0, len(steps)-1), 12, 24).Draw(rt, fmt.Sprintf("writer %d", i))
			homes[i] = newRemembered(t, s)
			id := homes[i].session.ID
			sessions[i].Store(&id)
		}
		done := make(chan struct{})
		var reading, writing sync.WaitGroup
		for range readers {
			reading.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					default:
						_, _ = cache.SessionState(t.Context(), *sessions[i%writers].Load()) // it may be over
						_, _ = cache.APIKeyState(t.Context(), homes[i%writers].key.ID)
					}
				}
			})
		}
		for i := range writers {
			writing.Go(func() {
				for n, step := range scripts[i] {
					what := fmt.Sprintf("writer %d, step %d, %s", i, n, steps[step].name)
					if err := steps[step].do(t.Context(), s, homes[i]); err != nil {
						t.Errorf("%s: got error %v, want none", what, err)
						return
					}
					id := homes[i].session.ID
					sessions[i].Store(&id)
					agree(t, what, cache, s, homes[i])
				}
			})
		}
		writing.Wait()
		close(done)
		reading.Wait()
	})
}

var errTakenBack = errors.New("taken back")

// steps are what a writer can do again and again.
var steps = []struct {
	name string
	do   func(ctx context.Context, s application.Storage, r *remembered) error
}{
	{"rename", func(ctx context.Context, s application.Storage, r *remembered) error {
		r.user.Name += "x"
		return s.Users().Update(ctx, r.user)
	}},
	{"new version", func(ctx context.Context, s application.Storage, r *remembered) error {
		r.user.Version++
		return s.Users().Update(ctx, r.user)
	}},
	{"disable or enable", func(ctx context.Context, s application.Storage, r *remembered) error {
		if r.user.Status == domain.StatusActive {
			r.user.Status = domain.StatusDisabled
		} else {
			r.user.Status = domain.StatusActive
		}
		return s.Users().Update(ctx, r.user)
	}},
	{"grant or take the role moderator", func(ctx context.Context, s application.Storage, r *remembered) error {
		if r.user.Has(domain.RoleModerator) {
			r.user.Roles = domain.RoleNames(r.role.Name)
		} else {
			r.user.Roles = domain.RoleNames(r.role.Name, domain.RoleModerator)
		}
		return s.Users().Update(ctx, r.user)
	}},
	{"change the role", func(ctx context.Context, s application.Storage, r *remembered) error {
		if r.role.Permissions.Allow("reports:write") {
			r.role.Permissions = domain.NewPermissions("reports:read")
		} else {
			r.role.Permissions = domain.NewPermissions("reports:read", "reports:write")
		}
		return s.Roles().Put(ctx, r.role)
	}},
	{"revoke the session", func(ctx context.Context, s application.Storage, r *remembered) error {
		_, err := s.Sessions().Revoke(ctx, r.session.ID, noon)
		return err
	}},
	{"log in again", func(ctx context.Context, s application.Storage, r *remembered) error {
		r.user.Status = domain.StatusActive
		return s.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
			r.session = newSession(r.user, live)
			return errors.Join(tx.Users().Update(ctx, r.user), tx.Sessions().Insert(ctx, r.session))
		})
	}},
	{"delete the user and make another", func(ctx context.Context, s application.Storage, r *remembered) error {
		if err := s.Users().Delete(ctx, r.user.ID); err != nil {
			return err
		}
		r.user = newUser(withRoles(r.role.Name))
		return s.Users().Insert(ctx, r.user)
	}},
	{"revoke the key", func(ctx context.Context, s application.Storage, r *remembered) error {
		_, err := s.APIKeys().Revoke(ctx, r.key.ID, noon)
		return err
	}},
	{"a transaction that is taken back", func(ctx context.Context, s application.Storage, r *remembered) error {
		err := s.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
			changed := r.user
			changed.Name += " never"
			if err := tx.Users().Update(ctx, changed); err != nil {
				return err
			}
			return errTakenBack
		})
		if errors.Is(err, errTakenBack) {
			return nil
		}
		return err
	}},
}
