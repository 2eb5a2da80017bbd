package kvstore

import (
	"context"
	"errors"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Store is storage over an Engine that other processes may write to as well.
type Store struct {
	ports
	engine Engine
	tell   func(...application.Change)
}

// Alone is a Store that no other process can write to: it knows of every
// change, and so the state cache may remember what it said.
type Alone struct{ *Store }

var (
	_ application.Storage    = (*Store)(nil)
	_ application.ChangeFeed = Alone{}
)

// New returns storage over engine, which it closes in the end.
func New(engine Engine) *Store {
	s := &Store{engine: engine, tell: func(...application.Change) {}}
	s.ports = ports{s.within}
	return s
}

// NewAlone returns storage over an engine that is this process's alone.
func NewAlone(engine Engine) Alone { return Alone{New(engine)} }

// OnChange sets who is told of changes, before the store is used.
func (s Alone) OnChange(tell func(...application.Change)) { s.tell = tell }

// Follow has nothing to tell, and says so by beats.
func (s Alone) Follow(ctx context.Context, follower application.ChangeFollower) {
	application.FollowNobody(ctx, follower)
}

// Atomically runs fn in the engine's transaction, again where that does.
func (s *Store) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	return s.within(ctx, writing, func(t *transaction) error {
		defer func() { t.over = true }()
		if err := fn(ctx, ports{t.within}); err != nil {
			return err
		}
		return ctx.Err()
	})
}

// errNothingToCommit rolls back what changed nothing: it costs no disk.
var errNothingToCommit = errors.New("nothing to commit")

// within is a transaction of its own.
func (s *Store) within(ctx context.Context, do intent, work func(*transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if do == reading {
		return s.engine.View(ctx, func(e Transaction) error { return (&transaction{engine: e}).within(ctx, do, work) })
	}
	var touched []application.Change // by the run that was to be committed
	err := s.engine.Update(ctx, func(e Transaction) error {
		t := &transaction{engine: e}
		touched = nil
		if err := t.within(ctx, do, work); err != nil {
			return err
		}
		if !t.changed {
			return errNothingToCommit
		}
		touched = t.touched
		return nil
	})
	if len(touched) > 0 {
		s.tell(touched...) // after an error too: nobody knows what counted
	}
	if errors.Is(err, errNothingToCommit) {
		return nil
	}
	return err
}

// latest is the version of the schema. Each later one adds a step to Migrate.
const latest = 1

// Migrate adds the built-in roles: the one step so far.
func (s *Store) Migrate(ctx context.Context) error {
	return s.within(ctx, writing, func(t *transaction) error {
		status, err := schema(t)
		if err != nil || status.Current() {
			return errors.Join(err, status.Usable())
		}
		for _, role := range domain.BuiltInRoles() {
			roleRows.put(t, role)
		}
		schemaRows.put(t, schemaRow{Name: schemaName, Version: latest, Oldest: latest})
		return nil
	})
}

// Schema says where the schema is.
func (s *Store) Schema(ctx context.Context) (application.SchemaStatus, error) {
	return ask(ctx, s.within, reading, schema)
}

func schema(t *transaction) (application.SchemaStatus, error) {
	row, err := schemaRows.get(t, schemaName)
	if errors.Is(err, schemaRows.missing) {
		return application.SchemaStatus{Latest: latest}, nil
	}
	return application.SchemaStatus{Version: row.Version, Latest: latest, Oldest: row.Oldest}, err
}

// Ping returns nil when the engine answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Schema(ctx)
	return err
}

// Close closes the engine.
func (s *Store) Close() error { return s.engine.Close() }
