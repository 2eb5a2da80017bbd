package conformance

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// FeedCase is one promise of an application.ChangeFeed, proved on two handles
// of one database, as two replicas have.
type FeedCase struct {
	Name string
	Run  func(t testing.TB, a, b application.Storage)
}

// TestChangeFeed proves a storage's application.ChangeFeed. open returns two
// handles on one database, fresh, migrated and empty but for the built-in
// roles; a storage that no two processes share returns the same one twice. A
// feed may say that everything has changed where it can't tell more; what one
// that can must keep silent about is in TestChangeFeedIsSilent.
func TestChangeFeed(t *testing.T, open func(t *testing.T) (a, b application.Storage)) {
	for _, c := range FeedCases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			a, b := open(t)
			c.Run(t, a, b)
		})
	}
}

// FeedCases returns all that TestChangeFeed proves.
func FeedCases() []FeedCase {
	return []FeedCase{
		{"all that one replica changes the other hears of, in its order", func(t testing.TB, a, b application.Storage) {
			r := newRemembered(t, a)
			h := Listen(t, b)
			h.AwaitBeat(time.Now())
			from := h.Len()
			var want []application.Change
			for _, change := range alterationsTold {
				require(t, change.name, change.do(t.Context(), a, r))
				want = append(want, change.of(r))
			}
			h.AwaitBeat(time.Now())
			if missing := inOrder(h.Changes(from), want); missing >= 0 {
				t.Errorf("%s: heard %v, want %v in this order", alterationsTold[missing].name, h.Changes(from), want)
			}
		}},
		{"a beat comes after all that was committed before it was sent", func(t testing.TB, a, b application.Storage) {
			r := newRemembered(t, a)
			h := Listen(t, b)
			h.AwaitBeat(time.Now())
			for range 4 {
				from := h.Len()
				r.user.Version++
				require(t, "Update", a.Users().Update(t.Context(), r.user))
				beat := h.AwaitBeat(time.Now())
				if !slices.ContainsFunc(h.Changes(from)[:h.changesBefore(from, beat)], covers(ofUser(r))) {
					t.Errorf("before a beat that was sent after the change: heard %v, want %v", h.Changes(from), ofUser(r))
				}
			}
		}},
		{"a change in a transaction is heard when it is committed, and never when it is not", func(t testing.TB, a, b application.Storage) {
			r, other := newRemembered(t, a), newRemembered(t, a)
			h := Listen(t, b)
			h.AwaitBeat(time.Now())
			from := h.Len()
			err := a.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
				if err := tx.Users().Delete(ctx, other.user.ID); err != nil {
					return err
				}
				return errTakenBack
			})
			refuse(t, "Atomically", err, errTakenBack)
			h.AwaitBeat(time.Now())
			if slices.Contains(h.Changes(from), ofUser(other)) {
				t.Errorf("a transaction that was taken back: heard %v, want nothing of %v", h.Changes(from), ofUser(other))
			}
			require(t, "Atomically", a.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
				if err := tx.Users().Delete(ctx, other.user.ID); err != nil {
					return err
				}
				_, err := tx.Sessions().Revoke(ctx, r.session.ID, noon)
				return err
			}))
			h.AwaitBeat(time.Now())
			if missing := inOrder(h.Changes(from), []application.Change{ofUser(other), ofSession(r)}); missing >= 0 {
				t.Errorf("a transaction that was committed: heard %v, want %v and %v", h.Changes(from), ofUser(other), ofSession(r))
			}
		}},
		{"beats go on, and following ends with its context", func(t testing.TB, a, b application.Storage) {
			ended, goes := Listen(t, b), Listen(t, b)
			for range 3 {
				ended.AwaitBeat(time.Now())
			}
			ended.Stop()
			n := ended.Len()
			r := newRemembered(t, a)
			require(t, "Delete", a.Users().Delete(t.Context(), r.user.ID))
			goes.AwaitBeat(time.Now())
			if heard := ended.Changes(n); len(heard) > 0 {
				t.Errorf("after its end: heard %v, want nothing", heard)
			}
		}},
	}
}

// TestChangeFeedIsSilent proves that what happens at every login, refresh or
// import is announced to nobody: it would cost each of them. It is for feeds
// that can name what changed.
func TestChangeFeedIsSilent(t *testing.T, open func(t *testing.T) (a, b application.Storage)) {
	t.Run("logins, refreshes, imports, sweeps and last use are silent", func(t *testing.T) {
		t.Parallel()
		a, b := open(t)
		r := newRemembered(t, a)
		over := insertSession(t, a, r.user, expiring(noon)) // long ago
		h := Listen(t, b)
		h.AwaitBeat(time.Now())
		from := h.Len()
		for what, do := range silentCalls(t, a, r) {
			require(t, what, do())
		}
		if _, _, err := a.Sessions().Session(t.Context(), over.ID); err == nil {
			t.Error("sweep: got the session that is over, want it gone")
		}
		h.AwaitBeat(time.Now())
		if got := h.Changes(from); len(got) > 0 {
			t.Errorf("heard %v, want nothing", got)
		}
	})
}

func silentCalls(t *testing.T, a application.Storage, r *remembered) map[string]func() error {
	t.Helper()
	ctx := t.Context()
	return map[string]func() error{
		"a login":              func() error { return a.Sessions().Insert(ctx, newSession(r.user, live)) },
		"an import":            func() error { return a.Users().Insert(ctx, newUser()) },
		"a password":           func() error { return a.Credentials().PutPassword(ctx, newPassword(r.user.ID, "changed")) },
		"an API key made":      func() error { insertAPIKey(t, a); return nil },
		"an API key's use":     func() error { return a.APIKeys().Touch(ctx, map[domain.APIKeyID]time.Time{r.key.ID: noon}) },
		"an audit event":       func() error { return a.Audit().Append(ctx, domain.Event{ID: newID[domain.EventID](), At: noon}) },
		"a sweep":              func() error { _, err := a.Sessions().Sweep(ctx, noon.Add(time.Hour), 9); return err },
		"an update of nothing": func() error { return a.Users().Update(ctx, r.user) },
		"a refresh": func() error {
			now := time.Now().UTC().Truncate(time.Microsecond)
			_, _, moved, err := a.Sessions().Advance(ctx, application.Advance{
				Session: r.session.ID, User: r.user.ID, From: r.session.Generation, Now: now, IdleExpiresAt: now.Add(time.Hour),
			})
			if err == nil && !moved {
				t.Error("Advance: got not moved, want moved")
			}
			return err
		},
	}
}

// covers returns a test for changes that say at least want.
func covers(want application.Change) func(application.Change) bool {
	return func(c application.Change) bool { return c == want || c.Kind == application.ChangedEverything }
}

// inOrder returns the first of want that is not covered after those before it,
// or -1. One change that says everything covers as many as it likes.
func inOrder(heard, want []application.Change) int {
	at := 0
	for i, w := range want {
		next := slices.IndexFunc(heard[at:], covers(w))
		if next < 0 {
			return i
		}
		at += next
	}
	return -1
}
