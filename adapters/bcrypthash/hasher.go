package bcrypthash

import (
	"context"
	"fmt"

	"golang.org/x/crypto/bcrypt"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// DefaultCost is the cost of a Config that names none: about 0.25 s on a core.
const DefaultCost = 12

// Config is what a Hasher is told.
type Config struct {
	Cost int // of new hashes, 4 to 16, each step doubles the work; 0: DefaultCost
	// Computed, if set, is told the cost of each bcrypt hash before it is
	// computed, dummies included. A test counts by it; it may be called from
	// several goroutines at once.
	Computed func(cost int)
}

// Hasher hashes and verifies passwords. It may be used by many at once.
type Hasher struct {
	cost     int
	computed func(cost int)
}

var (
	_ application.PasswordHasher = (*Hasher)(nil)
	_ application.ForeignHashes  = (*Hasher)(nil)
)

// New returns a Hasher, or an error for a cost that is out of bounds.
func New(config Config) (*Hasher, error) {
	h := &Hasher{cost: config.Cost, computed: config.Computed}
	if h.cost == 0 {
		h.cost = DefaultCost
	}
	if h.cost < bcrypt.MinCost || h.cost > MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d: must be from %d to %d", h.cost, bcrypt.MinCost, MaxCost)
	}
	if h.computed == nil {
		h.computed = func(int) {}
	}
	return h, nil
}

// Hash returns the hash to store, of today's cost and scheme.
// domain.ErrInvalid for a password with a NUL, which domain.ParsePassword
// refuses before.
func (h *Hasher) Hash(ctx context.Context, password domain.Password) (domain.PasswordHash, error) {
	if err := ctx.Err(); err != nil {
		return domain.PasswordHash{}, err
	}
	key, scheme, err := prepare(password)
	if err != nil {
		return domain.PasswordHash{}, err
	}
	h.computed(h.cost)
	hash, err := bcrypt.GenerateFromPassword(key, h.cost)
	if err != nil {
		return domain.PasswordHash{}, fmt.Errorf("bcrypt: %w", err)
	}
	return format(scheme, hash), nil
}

// Verify compares a password with a stored hash, and does the work of one hash
// of the configured cost whatever comes: a hash that can't be read, is nobody's
// or is of the other scheme costs one dummy, and one of a lower cost is topped
// up. A hash of a higher cost, up to MaxCost, costs what it costs.
func (h *Hasher) Verify(ctx context.Context, hash domain.PasswordHash, password domain.Password) (application.Verification, error) {
	if err := ctx.Err(); err != nil {
		return application.Verification{}, err
	}
	key, scheme, invalid := prepare(password)
	s, unreadable := parse(hash.Reveal())
	if invalid != nil || unreadable != nil || s.scheme != scheme {
		return application.Verification{}, h.dummy(h.cost)
	}
	h.computed(s.cost)
	match := bcrypt.CompareHashAndPassword(s.bcrypt, key) == nil // parse left it no other reason to fail
	// 2^c + 2^c + 2^(c+1) + … + 2^(cost-1) is 2^cost.
	for c := s.cost; c < h.cost; c++ {
		if err := h.dummy(c); err != nil {
			return application.Verification{}, err
		}
	}
	return application.Verification{Match: match, Stale: match && s.cost != h.cost}, nil
}

// dummy does the work of one hash, for nothing.
func (h *Hasher) dummy(cost int) error {
	h.computed(cost)
	if _, err := bcrypt.GenerateFromPassword([]byte(label), cost); err != nil {
		return fmt.Errorf("bcrypt: %w", err)
	}
	return nil
}
