package jwttoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

const (
	// storageTimeout is how long one call to storage may take.
	storageTimeout = 2 * time.Second
	// unknownKeyPause is how often kids that nobody knows may ask storage.
	unknownKeyPause = time.Second
)

// ring follows the signing keys in storage. It loads them when they are first
// asked for, so that a database that is down at the start is no failure for
// ever, and makes the first key of its algorithm when storage has none.
type ring struct {
	store     application.Store
	sealer    application.Sealer
	clock     application.Clock
	algorithm domain.SigningAlgorithm
	remember  int

	current atomic.Pointer[keySet] // nil until the first load

	mu       sync.Mutex
	running  *load // nil: none
	loadedAt time.Time
	loadErr  error // of the last load that ended
}

// load is one reading of the keys, which any number of callers wait for.
type load struct {
	done chan struct{}
	err  error // once done
}

// keys returns the keys, and loads them if they never were.
func (r *ring) keys(ctx context.Context) (*keySet, error) {
	if set := r.current.Load(); set != nil {
		return set, nil
	}
	if err := r.join(ctx); err != nil && r.current.Load() == nil {
		return nil, err
	}
	return r.current.Load(), nil
}

// key returns the key that a token names. One that is not known may be
// another replica's that is seconds old: storage is asked, by one caller at a
// time and at most once a second, whatever strangers send. When storage does
// not answer, nothing is known of the key.
func (r *ring) key(ctx context.Context, id string) (*signingKey, *keySet, error) {
	set, err := r.keys(ctx)
	if err != nil {
		return nil, nil, err
	}
	key := set.keys[id]
	if key == nil {
		if err := r.refresh(ctx); err != nil {
			return nil, nil, err
		}
		set = r.current.Load()
		if key = set.keys[id]; key == nil {
			return nil, nil, unknownKey
		}
	}
	return key, set, nil
}

// verify holds the signature of an access token, and returns the keys of which
// its key was one.
func (r *ring) verify(ctx context.Context, c *compact) (*keySet, error) {
	key, set, err := r.key(ctx, c.kid)
	if err != nil {
		return nil, err
	}
	return set, key.verify(c)
}

// refresh loads unless that was done within the last second. It returns an
// error only if storage did not answer.
func (r *ring) refresh(ctx context.Context) error {
	r.mu.Lock()
	err, since := r.loadErr, r.clock.Now().Sub(r.loadedAt)
	recent := r.running == nil && since >= 0 && since < unknownKeyPause
	r.mu.Unlock()
	if !recent {
		err = r.join(ctx)
	}
	if errors.Is(err, domain.ErrUnavailable) {
		return err
	}
	return nil
}

// reload loads what storage has now: never does it wait merely for a load that
// had begun before the call.
func (r *ring) reload(ctx context.Context) error {
	r.mu.Lock()
	earlier := r.running
	r.mu.Unlock()
	if earlier != nil {
		select { // what it read does not count, so neither does its error
		case <-earlier.done:
		case <-ctx.Done():
		}
	}
	return r.join(ctx)
}

// join waits for the load that is running, or begins one. The load outlives
// the caller that began it, since others may wait for it too.
func (r *ring) join(ctx context.Context) error {
	r.mu.Lock()
	l := r.running
	if l == nil {
		l = &load{done: make(chan struct{})}
		r.running = l
		go r.run(context.WithoutCancel(ctx), l)
	}
	r.mu.Unlock()
	return l.wait(ctx)
}

func (l *load) wait(ctx context.Context) error {
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return domain.ErrUnavailable.Because(fmt.Errorf("wait for the signing keys: %w", ctx.Err()))
	}
}

func (r *ring) run(ctx context.Context, l *load) {
	l.err = r.load(ctx)
	r.mu.Lock()
	r.running, r.loadErr, r.loadedAt = nil, l.err, r.clock.Now()
	r.mu.Unlock()
	close(l.done)
}

// load reads the keys and puts them in force. Loads run one after the other.
func (r *ring) load(ctx context.Context) error {
	stored, err := r.stored(ctx)
	if err != nil {
		return fmt.Errorf("load signing keys: %w", unavailable(err))
	}
	if !slices.ContainsFunc(stored, signs(r.algorithm)) {
		if stored, err = r.first(ctx); err != nil {
			return fmt.Errorf("make the first %s signing key: %w", r.algorithm, unavailable(err))
		}
	}
	last := r.current.Load()
	set, err := newKeySet(stored, last, r.sealer, r.algorithm, r.remember)
	if set == nil || (last == nil && err != nil) {
		return fmt.Errorf("load signing keys: %w", err) // a start with the wrong secret is no start
	}
	r.current.Store(set) // whatever could not be opened, withdrawn keys are withdrawn
	if err != nil {
		return fmt.Errorf("load signing keys: %w", err)
	}
	return nil
}

func (r *ring) stored(ctx context.Context) ([]domain.SigningKey, error) {
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	return r.store.SigningKeys().SigningKeys(ctx)
}

// first stores a key that signs, unless another replica was faster, and
// returns what is stored then.
func (r *ring) first(ctx context.Context) ([]domain.SigningKey, error) {
	fresh, err := r.newKey(r.algorithm) // outside the transaction: RSA takes its time
	if err != nil {
		return nil, err
	}
	fresh.State = domain.KeySigning
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	var stored []domain.SigningKey
	err = r.store.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
		var err error
		if stored, err = tx.SigningKeys().SigningKeys(ctx); err != nil || slices.ContainsFunc(stored, signs(r.algorithm)) {
			return err
		}
		stored = append(stored, fresh)
		return tx.SigningKeys().Put(ctx, fresh)
	})
	return stored, err
}

// newKey makes a key, sealed under its id, in the state published.
func (r *ring) newKey(algorithm domain.SigningAlgorithm) (domain.SigningKey, error) {
	material, err := generate(algorithm)
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("generate: %w", err)
	}
	key, err := newAccessKey("", algorithm, material)
	if err != nil {
		return domain.SigningKey{}, err
	}
	sealed, err := r.sealer.Seal(key.id, material)
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("seal signing key %s: %w", key.id, err)
	}
	now := r.clock.Now()
	return domain.SigningKey{
		ID: key.id, Algorithm: algorithm, State: domain.KeyPublished, Sealed: sealed, CreatedAt: now, StateAt: now,
	}, nil
}

// unavailable says of a call to storage that ran out of time that nothing is known.
func unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, domain.ErrUnavailable) {
		return domain.ErrUnavailable.Because(err)
	}
	return err
}
