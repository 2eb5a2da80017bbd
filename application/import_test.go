package application_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// foreignHasher takes hashes of other systems that begin with "$2".
type foreignHasher struct{ *countingHasher }

func (foreignHasher) CheckForeign(hash domain.PasswordHash) error {
	if strings.HasPrefix(hash.Reveal(), "$2") {
		return nil
	}
	return domain.Invalid("password_hash", "must be bcrypt")
}

// plainStore hides that a storage takes many accounts at once.
type plainStore struct{ application.Storage }

func (p plainStore) Users() application.UserStore { return plainUsers{p.Storage.Users()} }

func (p plainStore) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	return p.Storage.Atomically(ctx, func(ctx context.Context, tx application.Tx) error { return fn(ctx, plainTx{tx}) })
}

type plainTx struct{ application.Tx }

func (p plainTx) Users() application.UserStore { return plainUsers{p.Tx.Users()} }

type plainUsers struct{ application.UserStore }

// onBothWays runs a test on a storage that takes many accounts at once, and on
// one that does not.
func onBothWays(t *testing.T, test func(t *testing.T, w *world, uc *application.Import)) {
	t.Helper()
	for name, wrap := range map[string]func(application.Storage) application.Storage{
		"at once":    func(s application.Storage) application.Storage { return s },
		"one by one": func(s application.Storage) application.Storage { return plainStore{s} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, wrap)
			test(t, w, &application.Import{Journal: w.journal, Hasher: foreignHasher{w.hasher}})
		})
	}
}

func imported(line int, email string, edits ...func(*application.ImportedUser)) application.ImportedUser {
	user := application.ImportedUser{Line: line, Email: domain.StoredEmail(email), Active: true}
	for _, edit := range edits {
		edit(&user)
	}
	return user
}

func allAccounts(t *testing.T, w *world) []domain.Account {
	t.Helper()
	accounts, err := application.Bulk(w.store).Accounts(t.Context(), application.Page[domain.UserID]{Limit: 99})
	require(t, "read the accounts", err)
	return accounts
}

func TestWhatIsBadOfABatchIsRefusedAndTheRestGoesIn(t *testing.T) {
	t.Parallel()
	onBothWays(t, func(t *testing.T, w *world, uc *application.Import) {
		there := w.user(t, "there@example.com")
		with := func(hash string) func(*application.ImportedUser) {
			return func(u *application.ImportedUser) { u.Hash = domain.NewPasswordHash(hash) }
		}
		holding := func(roles ...domain.RoleName) func(*application.ImportedUser) {
			return func(u *application.ImportedUser) { u.Roles = append([]domain.RoleName{}, roles...) }
		}
		made := func(at time.Time) func(*application.ImportedUser) {
			return func(u *application.ImportedUser) { u.CreatedAt = at }
		}
		batch := []application.ImportedUser{
			imported(1, "ada@example.com", with("$2b$hash"), made(noon.AddDate(-5, 0, 0))),
			imported(2, "bad@example.com", with("$1$hash")),
			imported(3, "bad@example.com", holding("wizard")),
			imported(4, "bad@example.com", made(noon.Add(time.Second))),
			imported(5, "bad@example.com", made(time.Unix(-1, 0))),
			imported(6, "there@example.com", with("$2b$stolen")),
			imported(7, "ada@example.com"),
			imported(8, "bob@example.com", holding(), func(u *application.ImportedUser) { u.Active, u.Verified = false, true }),
		}
		for _, c := range []struct {
			dry            bool
			added, present int
		}{{true, 2, 2}, {false, 2, 2}, {true, 0, 4}, {false, 0, 4}} {
			got, err := uc.Batch(t.Context(), w.operator, batch, c.dry)
			require(t, "Batch", err)
			var refused []string
			for _, r := range got.Refused {
				var invalid *domain.Error
				if !errors.As(r.Err, &invalid) || len(invalid.Fields) != 1 {
					t.Fatalf("line %d: got %v, want a broken rule", r.Line, r.Err)
				}
				refused = append(refused, fmt.Sprint(r.Line, " ", invalid.Fields[0].Field))
			}
			if want := "[2 password_hash 4 created_at 5 created_at 3 roles]"; got.Added != c.added || got.Present != c.present || fmt.Sprint(refused) != want {
				t.Errorf("dry %t: got %d added, %d present, %v refused, want %d, %d, %s", c.dry, got.Added, got.Present, refused, c.added, c.present, want)
			}
		}
		accounts := allAccounts(t, w)
		if len(accounts) != 3 {
			t.Fatalf("got %d accounts, want 3", len(accounts))
		}
		ada, bob := accounts[1], accounts[2]
		if accounts[0].User.ID != there.ID || accounts[0].Password.Hash.Reveal() == "$2b$stolen" {
			t.Errorf("who was there is %+v, want as they were", accounts[0])
		}
		if ada.Password.Hash.Reveal() != "$2b$hash" || !ada.User.Has(domain.RoleUser) || !ada.User.Active() || ada.User.EmailVerified() || !ada.User.CreatedAt.Equal(noon.AddDate(-5, 0, 0)) {
			t.Errorf("Ada is %+v, want as imported", ada)
		}
		if !bob.Password.Hash.IsZero() || len(bob.User.Roles) > 0 || bob.User.Active() || !bob.User.EmailVerified() || !bob.User.CreatedAt.Equal(noon) {
			t.Errorf("Bob is %+v, want as imported", bob)
		}
		events, err := w.store.Audit().List(t.Context(), application.AuditFilter{Type: domain.UserImported}, application.Page[domain.EventID]{Limit: 9})
		if err != nil || len(events) != 1 || events[0].Count != 2 || events[0].Actor != "operator" {
			t.Errorf("audit rows: got %+v, %v, want one, of two users", events, err)
		}
	})
}

func TestNobodyImportsMoreAuthorityThanTheyHave(t *testing.T) {
	t.Parallel()
	onBothWays(t, func(t *testing.T, w *world, uc *application.Import) {
		caller := domain.Principal{Subject: "clerk", Permissions: domain.NewPermissions(domain.UsersWrite)}
		boss := imported(2, "boss@example.com")
		boss.Roles = []domain.RoleName{domain.RoleAdmin}
		_, err := uc.Batch(t.Context(), caller, []application.ImportedUser{imported(1, "ada@example.com"), boss}, false)
		if !errors.Is(err, domain.ErrInsufficientPermissions) || len(allAccounts(t, w)) != 0 {
			t.Errorf("got %v and %d accounts, want %v and none", err, len(allAccounts(t, w)), domain.ErrInsufficientPermissions)
		}
	})
}

func TestAHasherThatKnowsNoForeignHashesRefusesThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uc := application.Import{Journal: w.journal, Hasher: w.hasher}
	user := imported(1, "ada@example.com")
	user.Hash = domain.NewPasswordHash("$2b$hash")
	got, err := uc.Batch(t.Context(), w.operator, []application.ImportedUser{user}, false)
	if err != nil || got.Added != 0 || len(got.Refused) != 1 {
		t.Errorf("Batch: got %+v, %v, want it refused", got, err)
	}
	_, err = w.users().Create(t.Context(), w.operator, application.NewUser{Email: user.Email, Hash: user.Hash})
	if !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("Create: got %v, want %v", err, domain.ErrInvalid)
	}
}

func TestAnExportIsRecordedBeforeAnythingIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "ada@example.com")
	stop := errors.New("the disk is full")
	err := (&application.Export{Journal: w.journal}).Do(t.Context(), w.operator, func(accounts []domain.Account) error {
		events, err := w.store.Audit().List(t.Context(), application.AuditFilter{Type: domain.UserExported}, application.Page[domain.EventID]{Limit: 9})
		if err != nil || len(events) != 1 || len(accounts) != 1 || accounts[0].Password.Hash.IsZero() {
			t.Errorf("got %d accounts with %d audit rows, %v, want one with its hash, recorded", len(accounts), len(events), err)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("Do: got %v, want %v", err, stop)
	}
}
