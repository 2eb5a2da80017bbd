package jwttoken

import (
	"context"
	"errors"
	"fmt"
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
	// distrustPause is how often storage is asked while nobody can say that a
	// change would have been heard of.
	distrustPause = time.Second
)

// ring follows the signing keys in storage. It loads them when they are first
// asked for, so that a database that is down at the start is no failure for
// ever, and makes the first key when storage has none that signs.
type ring struct {
	store     application.Store
	sealer    application.Sealer
	clock     application.Clock
	policy    domain.KeyPolicy
	remember  int
	freshness application.Freshness // nil: whoever changes a key says so
	change    func(context.Context, func(context.Context, application.Tx, application.Note) error) error

	current atomic.Pointer[keySet] // nil until the first load
	changes atomic.Uint64          // how many changes were told of

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

// believed returns the keys if they are known to be what storage has, up to
// the bound of the change feed, and else nil. Its clock is the monotonic one: a
// wall clock that is set back must not prolong belief.
func (r *ring) believed() *keySet {
	set := r.current.Load()
	switch {
	case set == nil, set.asOf < r.changes.Load():
		return nil
	case r.freshness != nil && !r.freshness.Fresh() && time.Since(set.asked) >= distrustPause:
		return nil
	}
	return set
}

// keys returns the keys, and loads them if they never were or may be outdated.
// When storage does not answer then, nothing is known of any key.
func (r *ring) keys(ctx context.Context) (*keySet, error) {
	if set := r.believed(); set != nil {
		return set, nil
	}
	arrival, began := r.changes.Load(), time.Now()
	for {
		err := r.join(ctx)
		set := r.current.Load()
		if set != nil && set.asOf >= arrival && (r.freshness == nil || began.Sub(set.asked) < distrustPause || r.freshness.Fresh()) {
			return set, nil // a key that can't be opened is in the error, beside all others
		}
		if err != nil {
			return nil, err
		}
	}
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

// verify checks the signature of an access token, and returns the keys of which
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
	asOf, asked := r.changes.Load(), time.Now() // what changes from here on, this load may miss
	stored, err := r.stored(ctx)
	if err != nil {
		return fmt.Errorf("load signing keys: %w", unavailable(err))
	}
	if _, ok := r.policy.Signer(stored); !ok {
		if stored, err = r.first(ctx); err != nil {
			return fmt.Errorf("make the first %s signing key: %w", r.policy.Algorithm, unavailable(err))
		}
	}
	last := r.current.Load()
	set, err := newKeySet(stored, last, r.sealer, r.policy, r.remember)
	if set == nil || (last == nil && err != nil) {
		return fmt.Errorf("load signing keys: %w", err) // a start with the wrong secret is no start
	}
	set.asOf, set.asked = asOf, asked
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
	fresh, err := r.newKey(r.policy.Algorithm) // outside the transaction: RSA takes its time
	if err != nil {
		return nil, err
	}
	fresh.State = domain.KeySigning
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	var stored []domain.SigningKey
	err = r.change(ctx, func(ctx context.Context, tx application.Tx, note application.Note) error {
		var err error
		if stored, err = tx.SigningKeys().SigningKeys(ctx); err != nil {
			return err
		}
		if _, ok := r.policy.Signer(stored); ok {
			return nil
		}
		stored = append(stored, fresh)
		note(application.FirstSigningKeyEvent(fresh))
		return tx.SigningKeys().Put(ctx, fresh)
	})
	return stored, err
}

// unrecorded is a change that leaves no audit row.
func unrecorded(store application.Store) func(context.Context, func(context.Context, application.Tx, application.Note) error) error {
	return func(ctx context.Context, fn func(context.Context, application.Tx, application.Note) error) error {
		return store.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
			return fn(ctx, tx, func(domain.Event) {})
		})
	}
}

// newKey makes a key, sealed under its id, in the state published. No id
// begins with a hyphen: people give it to commands, which would see a flag.
func (r *ring) newKey(algorithm domain.SigningAlgorithm) (domain.SigningKey, error) {
	var key *signingKey
	var material []byte
	for key == nil || key.id[0] == '-' {
		var err error
		if material, err = generate(algorithm); err != nil {
			return domain.SigningKey{}, fmt.Errorf("generate: %w", err)
		}
		if key, err = newAccessKey("", algorithm, material); err != nil {
			return domain.SigningKey{}, err
		}
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
