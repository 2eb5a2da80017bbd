package kvstore_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/kvstore"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestTheTestsEngine(t *testing.T) {
	t.Parallel()
	conformance.TestEngine(t, func(*testing.T) kvstore.Engine { return newEngine() })
}

func TestStorageOverAnyEngine(t *testing.T) {
	t.Parallel()
	conformance.TestStore(t, open)
}

func TestLifecycleOverAnyEngine(t *testing.T) {
	t.Parallel()
	conformance.TestLifecycle(t, open)
}

func TestStateOverAnyEngine(t *testing.T) {
	t.Parallel()
	conformance.TestStateReader(t, open)
}

func TestChangesOverAnEngineOfItsOwn(t *testing.T) {
	t.Parallel()
	same := func(t *testing.T) (a, b application.Storage) {
		t.Helper()
		s := open(t)
		return s, s
	}
	conformance.TestChangeFeed(t, same)
	conformance.TestChangeFeedIsSilent(t, same)
}

func open(t *testing.T) application.Storage {
	t.Helper()
	s := kvstore.NewAlone(newEngine())
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}

func TestWhatTheEngineCantDoIsUnavailableWhateverWasMadeOfIt(t *testing.T) {
	t.Parallel()
	e := newEngine()
	s := kvstore.NewAlone(e)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	e.broken = errors.New("the disk is gone")
	for name, err := range map[string]error{
		"read":  errorOf(s.Users().User(t.Context(), "u")),
		"list":  errorOf(s.Roles().Roles(t.Context())),
		"write": s.Roles().Put(t.Context(), domain.Role{Name: "r"}),
		"transaction": s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			_, _ = tx.Users().User(ctx, "u")
			return nil
		}),
	} {
		if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, e.broken) {
			t.Errorf("%s: got %v, want %v because of %v", name, err, domain.ErrUnavailable, e.broken)
		}
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestAnUnknownCommitIsToldAndARollbackIsNot(t *testing.T) {
	t.Parallel()
	e := newEngine()
	s := kvstore.NewAlone(e)
	var told []application.Change
	s.OnChange(func(changes ...application.Change) { told = append(told, changes...) })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	refused := errors.New("refused")
	err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
		return errors.Join(tx.Roles().Put(ctx, domain.Role{Name: "r"}), refused)
	})
	if !errors.Is(err, refused) || len(told) != 0 {
		t.Errorf("rolled back: got %v and %v told, want %v and nothing", err, told, refused)
	}
	e.commit = domain.ErrUnavailable
	err = s.Roles().Put(t.Context(), domain.Role{Name: "r"})
	if !errors.Is(err, domain.ErrUnavailable) || !slices.Contains(told, application.Change{Kind: application.ChangedRole, ID: "r"}) {
		t.Errorf("unknown commit: got %v and %v told, want %v and the role", err, told, domain.ErrUnavailable)
	}
}

func TestWhatChangesNothingIsNotCommitted(t *testing.T) {
	t.Parallel()
	e := newEngine()
	s := kvstore.New(e)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	before := e.commits
	_, err := s.Sessions().Sweep(t.Context(), domain.BuiltInRoles()[0].CreatedAt, 10)
	if err != nil || e.commits != before {
		t.Errorf("sweep of nothing: got %v and %d commits, want none", err, e.commits-before)
	}
	if _, is := any(s).(application.ChangeFeed); is {
		t.Error("storage that others may write to is a ChangeFeed, want none: it does not hear of their changes")
	}
}

// engine is a sorted map behind one lock.
type engine struct {
	lock    chan struct{}
	data    map[string][]byte
	commits int
	broken  error // what every operation says
	commit  error // what every commit says, although it counted
}

func newEngine() *engine { return &engine{lock: make(chan struct{}, 1), data: map[string][]byte{}} }

func (e *engine) Close() error { return nil }

func (e *engine) View(ctx context.Context, fn func(kvstore.Transaction) error) error {
	return e.locked(ctx, func() error { return fn(&transaction{engine: e}) })
}

func (e *engine) Update(ctx context.Context, fn func(kvstore.Transaction) error) error {
	return e.locked(ctx, func() error {
		tx := &transaction{engine: e}
		defer func() { // an error and a panic
			for _, back := range slices.Backward(tx.undo) {
				back()
			}
		}()
		if err := fn(tx); err != nil {
			return err
		}
		e.commits++
		tx.undo = nil
		return e.commit
	})
}

func (e *engine) locked(ctx context.Context, work func() error) error {
	select {
	case e.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.lock }()
	return work()
}

type transaction struct {
	*engine
	undo []func()
}

func (tx *transaction) Get(key []byte) ([]byte, error) { return tx.data[string(key)], tx.broken }

func (tx *transaction) Put(key, value []byte) error {
	name := string(key)
	old, had := tx.data[name]
	tx.undo = append(tx.undo, func() {
		delete(tx.data, name)
		if had {
			tx.data[name] = old
		}
	})
	tx.data[name] = append([]byte{}, value...)
	return tx.broken
}

func (tx *transaction) Delete(key []byte) error {
	if old, had := tx.data[string(key)]; had {
		tx.undo = append(tx.undo, func() { tx.data[string(key)] = old })
		delete(tx.data, string(key))
	}
	return tx.broken
}

func (tx *transaction) Scan(prefix, cursor []byte, descending bool, visit func(key, value []byte) bool) error {
	keys := slices.Sorted(maps.Keys(tx.data))
	if descending {
		slices.Reverse(keys)
	}
	for _, key := range keys {
		order := bytes.Compare([]byte(key), cursor)
		beyond := cursor == nil || order > 0 && !descending || order < 0 && descending
		if strings.HasPrefix(key, string(prefix)) && beyond && !visit([]byte(key), tx.data[key]) {
			break
		}
	}
	return tx.broken
}
