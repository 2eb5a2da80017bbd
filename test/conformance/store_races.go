package conformance

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// meeting is where two transactions wait for each other, so that neither
// writes before both have read. Where the storage runs one after the other,
// the first goes on alone after a while, and nothing is proved or broken.
type meeting struct {
	here atomic.Int32
	both chan struct{}
}

func newMeeting() *meeting { return &meeting{both: make(chan struct{})} }

func (m *meeting) wait() {
	switch n := m.here.Add(1); {
	case n == 2:
		close(m.both)
	case n > 2: // running again
		return
	}
	select {
	case <-m.both:
	case <-time.After(200 * time.Millisecond):
	}
}

var raceCases = []Case{
	{"of two admins who demote themselves at once one stays", func(t testing.TB, s application.Storage) {
		writeSkew(t, s, func(u *domain.User) { u.Roles = []domain.RoleName{domain.RoleUser} })
	}},
	{"of two admins who are disabled at once one stays", func(t testing.TB, s application.Storage) {
		writeSkew(t, s, disabled)
	}},
	{"a transaction may run several times, and counts once", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		var runs atomic.Int32
		met := newMeeting()
		const n = 4
		together(n, func(int) {
			err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
				runs.Add(1)
				current, err := tx.Users().User(ctx, user.ID)
				if err != nil {
					return err
				}
				met.wait()
				current.Version++
				if err := tx.Users().Update(ctx, current); err != nil {
					return err
				}
				return tx.Audit().Append(ctx, newEvent())
			})
			succeed(t, "Atomically", err)
		})
		got, err := s.Users().User(t.Context(), user.ID)
		same(t, "version", got.Version, err, user.Version+n)
		events, err := s.Audit().List(t.Context(), application.AuditFilter{}, page[domain.EventID](99))
		count(t, "events", len(events), err, n)
		if runs.Load() < n {
			t.Errorf("runs: got %d, want at least %d", runs.Load(), n)
		}
	}},
	{"of 16 who take one address at once one gets it", func(t testing.TB, s application.Storage) {
		var outcomes tally
		together(16, func(int) {
			outcomes.add(true, s.Users().Insert(t.Context(), newUser(withEmail("ada@example.com"))))
		})
		outcomes.want(t, "Insert", map[string]int{"true": 1, domain.ErrEmailTaken.Code: 15})
		users, err := s.Users().List(t.Context(), application.UserFilter{}, page[domain.UserID](99))
		count(t, "users", len(users), err, 1)
	}},
	{"of several transactions that take one address at once one gets it", func(t testing.TB, s application.Storage) {
		var outcomes tally
		met := newMeeting()
		together(4, func(int) {
			outcomes.add(true, s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
				if _, err := tx.Users().UserByEmail(ctx, domain.StoredEmail("ada@example.com")); err == nil {
					return domain.ErrEmailTaken
				}
				met.wait()
				return tx.Users().Insert(ctx, newUser(withEmail("ada@example.com")))
			}))
		})
		outcomes.want(t, "Atomically", map[string]int{"true": 1, domain.ErrEmailTaken.Code: 3})
	}},
	{"of several passwords at once one stays", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		together(8, func(i int) {
			err := s.Credentials().PutPassword(t.Context(), newPassword(user.ID, fmt.Sprint("hash ", i)))
			succeed(t, "PutPassword", err)
		})
		account, err := s.Credentials().Account(t.Context(), user.ID)
		require(t, "Account", err)
		done, err := s.Credentials().Rehash(t.Context(), account.Password.ID, account.Password.Hash, domain.NewPasswordHash("x"), noon)
		same(t, "Rehash of the one that stayed", done, err, true)
	}},
	{"of several who revoke a session at once one ends it", func(t testing.TB, s application.Storage) {
		session := insertSession(t, s, insertUser(t, s))
		var outcomes tally
		together(8, func(int) { outcomes.add(s.Sessions().Revoke(t.Context(), session.ID, noon)) })
		outcomes.want(t, "Revoke", map[string]int{"true": 1, "false": 7})
	}},
	{"a login that races with a password change has no live session afterwards", func(t testing.TB, s application.Storage) {
		for range 8 {
			user := insertUser(t, s)
			session := newSession(user)
			together(2, func(i int) {
				if i == 0 {
					changed := user
					changed.Version++
					succeed(t, "Update", s.Users().Update(t.Context(), changed))
					return
				}
				if err := s.Sessions().Insert(t.Context(), session); err != nil {
					refuse(t, "Insert", err, domain.ErrUserChanged)
				}
			})
			live, err := s.Sessions().ListByUser(t.Context(), user.ID, noon, page[domain.SessionID](9))
			count(t, "live sessions", len(live), err, 0)
		}
	}},
}

// writeSkew lets each of two admins step down after having seen the other: at
// least one must be told that there is no other.
func writeSkew(t testing.TB, s application.Storage, stepDown func(*domain.User)) {
	t.Helper()
	admins := []domain.User{insertUser(t, s, withRoles(domain.RoleAdmin)), insertUser(t, s, withRoles(domain.RoleAdmin))}
	met := newMeeting()
	var outcomes tally
	together(len(admins), func(i int) {
		outcomes.add(true, s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			another, err := tx.Users().AnotherActiveAdmin(ctx, admins[i].ID)
			if err != nil {
				return err
			}
			met.wait()
			if !another {
				return domain.ErrLastAdmin
			}
			user := admins[i]
			stepDown(&user)
			return tx.Users().Update(ctx, user)
		}))
	})
	outcomes.want(t, "Atomically", map[string]int{"true": 1, domain.ErrLastAdmin.Code: 1})
	left, err := s.Users().AnotherActiveAdmin(t.Context(), newID[domain.UserID]())
	same(t, "an admin is left", left, err, true)
}
