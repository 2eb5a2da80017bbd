package memory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.TestStore(t, func(t *testing.T) application.Storage {
		return memory.New()
	})
}

func TestEachOpenIsAStoreOfItsOwn(t *testing.T) {
	t.Parallel()
	a, b := memory.New(), memory.New()
	if err := a.Users().Insert(t.Context(), domain.User{ID: "a", Email: domain.StoredEmail("a@example.com")}); err != nil {
		t.Fatalf("Insert: got error %v, want none", err)
	}
	if _, err := b.Users().User(t.Context(), "a"); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("User of the other store: got error %v, want %v", err, domain.ErrUserNotFound)
	}
}

func TestATransactionThatGoesOnAfterARefusedChangeIsNotKept(t *testing.T) {
	t.Parallel()
	s := memory.New()
	ada := domain.User{ID: "a", Email: domain.StoredEmail("ada@example.com")}
	if err := s.Users().Insert(t.Context(), ada); err != nil {
		t.Fatalf("Insert: got error %v, want none", err)
	}
	err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
		_ = tx.Users().Insert(ctx, domain.User{ID: "b", Email: ada.Email})
		return tx.Roles().Delete(ctx, domain.RoleModerator)
	})
	if !errors.Is(err, domain.ErrEmailTaken) {
		t.Errorf("Atomically: got error %v, want %v", err, domain.ErrEmailTaken)
	}
	if _, err := s.Roles().Role(t.Context(), domain.RoleModerator); err != nil {
		t.Errorf("Role: got error %v, want the role to be there", err)
	}
}

func TestATransactionThatIsOverIsOfNoUse(t *testing.T) {
	t.Parallel()
	s := memory.New()
	var kept application.Tx
	if err := s.Atomically(t.Context(), func(_ context.Context, tx application.Tx) error {
		kept = tx
		return nil
	}); err != nil {
		t.Fatalf("Atomically: got error %v, want none", err)
	}
	if _, err := kept.Roles().Roles(t.Context()); err == nil {
		t.Error("Roles of a transaction that is over: got no error, want one")
	}
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := memory.New()
	err := s.Atomically(t.Context(), func(ctx context.Context, _ application.Tx) error {
		soon, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := s.Roles().Roles(soon) // the store, not the transaction
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Atomically: got error %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestChangesAreToldBeforeTheWriteReturnsUnlessItWasRolledBack(t *testing.T) {
	t.Parallel()
	s := memory.New()
	var told []application.Change
	s.OnChange(func(changes ...application.Change) { told = append(told, changes...) })
	for _, c := range []struct {
		name   string
		change func(context.Context, application.Tx) error
		want   []application.Change
	}{
		{"a new user is no change", func(ctx context.Context, tx application.Tx) error {
			return tx.Users().Insert(ctx, domain.User{ID: "u", Status: domain.StatusActive, Roles: []domain.RoleName{"r"}})
		}, nil},
		{"a new session is no change", func(ctx context.Context, tx application.Tx) error {
			return tx.Sessions().Insert(ctx, domain.Session{ID: "s", UserID: "u"})
		}, nil},
		{"role", func(ctx context.Context, tx application.Tx) error {
			return tx.Roles().Put(ctx, domain.Role{Name: "r"})
		}, []application.Change{{Kind: application.ChangedRole, ID: "r"}}},
		{"session", func(ctx context.Context, tx application.Tx) error {
			_, err := tx.Sessions().Revoke(ctx, "s", time.Now())
			return err
		}, []application.Change{{Kind: application.ChangedSession, ID: "s"}}},
		{"session again", func(ctx context.Context, tx application.Tx) error {
			_, err := tx.Sessions().Revoke(ctx, "s", time.Now())
			return err
		}, nil},
		{"role taken away", func(ctx context.Context, tx application.Tx) error {
			return tx.Users().RemoveRole(ctx, "r", time.Now())
		}, []application.Change{{Kind: application.ChangedUser, ID: "u"}}},
		{"signing key", func(ctx context.Context, tx application.Tx) error {
			return tx.SigningKeys().Put(ctx, domain.SigningKey{ID: "k"})
		}, []application.Change{{Kind: application.ChangedSigningKey, ID: "k"}}},
		{"several", func(ctx context.Context, tx application.Tx) error {
			return errors.Join(tx.Roles().Delete(ctx, "r"), tx.Users().Delete(ctx, "u"))
		}, []application.Change{{Kind: application.ChangedRole, ID: "r"}, {Kind: application.ChangedUser, ID: "u"}}},
	} {
		refused := errors.New("refused")
		if err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			return errors.Join(c.change(ctx, tx), refused)
		}); !errors.Is(err, refused) {
			t.Errorf("%s, rolled back: got error %v, want %v", c.name, err, refused)
		}
		if err := s.Atomically(t.Context(), c.change); err != nil {
			t.Errorf("%s: got error %v, want none", c.name, err)
		}
		if diff := cmp.Diff(c.want, told); diff != "" {
			t.Errorf("%s: told (-want +got):\n%s", c.name, diff)
		}
		told = nil
	}
}

// beats counts what a follower hears.
type beats struct {
	t    *testing.T
	n    int
	stop func()
}

func (b *beats) Changed(changes ...application.Change) {
	b.t.Errorf("Changed: got %v, want none", changes)
}
func (b *beats) Lost(error) { b.t.Error("Lost: got one, want none") }
func (b *beats) Beat(time.Time) {
	if b.n++; b.n == 3 {
		b.stop()
	}
}

func TestAFollowerHearsBeatsUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		follower := &beats{t: t, stop: stop}
		memory.New().Follow(ctx, follower)
		if follower.n != 3 {
			t.Errorf("beats: got %d, want 3", follower.n)
		}
	})
}

func TestLifecycleInMemory(t *testing.T) {
	t.Parallel()
	conformance.TestLifecycle(t, func(*testing.T) application.Storage { return memory.New() })
}

func TestStateReader(t *testing.T) {
	t.Parallel()
	conformance.TestStateReader(t, func(*testing.T) application.Storage { return memory.New() })
}

// TestChangeFeed has one handle where others have two: nobody else can change
// what is in this process' memory.
func TestChangeFeed(t *testing.T) {
	t.Parallel()
	conformance.TestChangeFeed(t, func(*testing.T) (a, b application.Storage) {
		s := memory.New()
		return s, s
	})
}
