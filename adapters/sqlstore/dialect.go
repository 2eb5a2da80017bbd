package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/domain"
)

// Dialect is what a database brings.
type Dialect struct {
	Queries *Queries
	// Classify says what an error of the driver means.
	Classify func(error) Failure
	// Isolation makes a transaction serializable; the zero value where the
	// database always is.
	Isolation sql.IsolationLevel
	// GroupCommit writes what waits for the one writer together, in one
	// transaction: for a database where the COMMIT is the dear part and a
	// failing statement leaves its transaction usable.
	GroupCommit bool
	// PlansByValue says that the database plans a statement for its values when
	// it is not prepared.
	PlansByValue bool
	// Import adds the accounts whose address nobody has, in their order, within
	// a transaction, and returns how many.
	Import func(ctx context.Context, tx sqlx.ExtContext, accounts []domain.Account) (int, error)
}

// Failure is what an error of a driver means.
type Failure int

// The meanings.
const (
	Defect      Failure = iota // not foreseen
	Unavailable                // no answer, or one that says to come back later; a write may have been done
	Full                       // no room, or read-only: unavailable, and nothing was done
	Contended                  // rolled back on behalf of a rival: run it again
	EmailTaken                 // the unique address of another user
	UserMissing                // a reference to a user who is not there
	NoSuchRow                  // the key can't be any row's, as a malformed id
)

// contended marks an error after which a transaction runs again.
type contended struct{ cause error }

func (e contended) Error() string { return "contended: " + e.cause.Error() }
func (e contended) Unwrap() error { return e.cause }

// unknown marks an error after which a write may or may not have been done.
type unknown struct{ cause error }

func (e unknown) Error() string { return e.cause.Error() }
func (e unknown) Unwrap() error { return e.cause }

// translate returns the domain's error for a driver's. sql.ErrNoRows passes as
// it is, for the port to name what is missing.
func (d *Dialect) translate(attempted string, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	err = fmt.Errorf("%s: %w", attempted, err)
	switch d.Classify(err) {
	case Unavailable:
		return domain.ErrUnavailable.Because(unknown{err})
	case Full:
		return domain.ErrUnavailable.Because(err)
	case Contended:
		return contended{err}
	case EmailTaken:
		return domain.ErrEmailTaken
	case UserMissing:
		return domain.ErrUserNotFound
	case NoSuchRow:
		return sql.ErrNoRows
	}
	return err
}

func isContended(err error) bool { return errors.As(err, new(contended)) }

func isUnknown(err error) bool { return errors.As(err, new(unknown)) }

// or returns missing in place of sql.ErrNoRows.
func or(missing *domain.Error, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return missing
	}
	return err
}
