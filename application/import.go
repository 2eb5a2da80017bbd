package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// ImportBatch is how many accounts are best brought in at once: few enough to
// take a fraction of a second and some megabytes, and to lose little when it is
// interrupted.
const ImportBatch = 1000

// Import brings accounts of another system in, batch by batch. What is there
// already stays as it is, so that an import which broke off is simply run again.
type Import struct {
	Journal Journal
	Hasher  PasswordHasher // says which hashes it can verify, if it is ForeignHashes
}

// ImportedUser is an account on its way in.
type ImportedUser struct {
	Line      int // where it came from, for the report
	Email     domain.Email
	Name      string
	Roles     []domain.RoleName   // nil: the role user; empty: none
	Hash      domain.PasswordHash // of the other system, kept as it is; zero: no login until a reset
	Active    bool
	Verified  bool
	CreatedAt time.Time // zero: now
}

// ImportResult is what became of a batch.
type ImportResult struct {
	Added   int // new accounts
	Present int // whose address somebody had already; they are untouched
	Refused []RefusedUser
}

// RefusedUser is one that did not go in, and why.
type RefusedUser struct {
	Line int
	Err  error // domain.ErrInvalid
}

// Batch brings in what is valid of some users, in one transaction with one
// audit row, and says what it refused. A dry run stores nothing; it
// sees an address as taken only if it is in storage or in the same batch.
// caller needs every permission that the users' roles bring:
// domain.ErrInsufficientPermissions.
func (uc *Import) Batch(ctx context.Context, caller domain.Principal, users []ImportedUser, dry bool) (ImportResult, error) {
	now := uc.Journal.Clock.Now()
	accounts := make([]domain.Account, 0, len(users))
	lines := make([]int, 0, len(users))
	var refused []RefusedUser
	for _, user := range users {
		if err := uc.check(user, now); err != nil {
			refused = append(refused, RefusedUser{user.Line, err})
			continue
		}
		accounts = append(accounts, uc.account(user, now))
		lines = append(lines, user.Line)
	}
	result, err := uc.store(ctx, caller, accounts, lines, dry)
	if err != nil {
		return ImportResult{}, fmt.Errorf("import users: %w", err)
	}
	result.Refused = append(refused, result.Refused...)
	return result, nil
}

// Done is called after the last batch.
func (uc *Import) Done(ctx context.Context) error {
	if err := Bulk(uc.Journal.Store).Settle(ctx); err != nil {
		return fmt.Errorf("settle what was imported: %w", err)
	}
	return nil
}

func (uc *Import) check(user ImportedUser, now time.Time) error {
	if !user.CreatedAt.IsZero() && (user.CreatedAt.Before(time.Unix(0, 0)) || user.CreatedAt.After(now)) {
		return domain.Invalid("created_at", "must lie in the past, and not before 1970")
	}
	return checkForeign(uc.Hasher, user.Hash)
}

func (uc *Import) account(in ImportedUser, now time.Time) domain.Account {
	user := domain.NewUser(domain.UserID(uc.Journal.IDs.NewID()), in.Email, in.Name, in.Roles, now)
	if in.Roles != nil { // also none at all
		user.Roles = domain.RoleNames(in.Roles...)
	}
	if !in.Active {
		user.Status = domain.StatusDisabled
	}
	if in.Verified {
		user.EmailVerifiedAt = now
	}
	if !in.CreatedAt.IsZero() {
		user.CreatedAt = in.CreatedAt
	}
	account := domain.Account{User: user}
	if !in.Hash.IsZero() {
		account.Password = newPassword(uc.Journal, user.ID, in.Hash)
	}
	return account
}

// store adds what has roles that exist. A storage that goes one by one may lose
// an address to a rival: then all of it runs again, and sees it taken.
func (uc *Import) store(ctx context.Context, caller domain.Principal, accounts []domain.Account, lines []int, dry bool) (result ImportResult, err error) {
	const attempts = 3
	for range attempts {
		err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
			result = ImportResult{}
			known, err := tx.Roles().Roles(ctx)
			if err != nil {
				return err
			}
			good := make([]domain.Account, 0, len(accounts))
			for i, account := range accounts {
				err := grantableAmong(known, caller, account.User.Roles)
				switch {
				case err == nil:
					good = append(good, account)
				case errors.Is(err, domain.ErrInvalid):
					result.Refused = append(result.Refused, RefusedUser{lines[i], err})
				default:
					return err
				}
			}
			if result.Added, err = put(ctx, Bulk(tx), good, dry); err != nil {
				return err
			}
			result.Present = len(good) - result.Added
			if !dry && result.Added > 0 {
				note(domain.Event{Type: domain.UserImported, Actor: caller.Subject, Count: result.Added})
			}
			return nil
		})
		if !errors.Is(err, domain.ErrEmailTaken) {
			break
		}
	}
	return result, err
}

// put adds the accounts, or counts how many it would.
func put(ctx context.Context, bulk BulkUsers, accounts []domain.Account, dry bool) (int, error) {
	if !dry {
		return bulk.Import(ctx, accounts)
	}
	addresses := make([]domain.Email, 0, len(accounts))
	seen := make(map[domain.Email]bool, len(accounts))
	for _, account := range accounts {
		if !seen[account.User.Email] {
			seen[account.User.Email] = true
			addresses = append(addresses, account.User.Email)
		}
	}
	taken, err := bulk.Taken(ctx, addresses)
	return len(addresses) - taken, err
}

// ForeignHashes is a PasswordHasher that can verify hashes which another system
// made, so that its users keep their passwords.
type ForeignHashes interface {
	// CheckForeign returns nil for a hash that Verify can read:
	// domain.ErrInvalid on "password_hash".
	CheckForeign(hash domain.PasswordHash) error
}

// checkForeign returns nil for no hash, and for one that hasher can verify.
func checkForeign(hasher PasswordHasher, hash domain.PasswordHash) error {
	if hash.IsZero() {
		return nil
	}
	foreign, ok := hasher.(ForeignHashes)
	if !ok {
		return domain.Invalid("password_hash", "hashes of other systems can't be verified here")
	}
	return foreign.CheckForeign(hash)
}
