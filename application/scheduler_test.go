package application_test

import (
	"context"
	"slices"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// scheduler runs several tasks one step at a time: each stops before every
// operation on storage until it is let go.
type scheduler struct{ stopped chan *task }

type task struct {
	resume chan struct{}
	done   bool
}

type taskKey struct{}

// stop waits until the task of ctx is let go. What no task does goes on.
func (s *scheduler) stop(ctx context.Context) {
	if t, ok := ctx.Value(taskKey{}).(*task); ok {
		s.stopped <- t
		<-t.resume
	}
}

// play runs the tasks to their ends. choices says which of those that could go
// on does, step by step; then it is always the first. It returns the choices
// made, and among how many each was.
func (s *scheduler) play(ctx context.Context, choices []int, work []func(context.Context)) (made, among []int) {
	var ready []*task
	for _, do := range work {
		t := &task{resume: make(chan struct{})}
		go func() {
			do(context.WithValue(ctx, taskKey{}, t))
			t.done = true
			s.stopped <- t
		}()
		if <-s.stopped; !t.done { // up to its first operation it meets nobody
			ready = append(ready, t)
		}
	}
	for len(ready) > 0 {
		next := 0
		if len(made) < len(choices) {
			next = choices[len(made)]
		}
		made, among = append(made, next), append(among, len(ready))
		ready[next].resume <- struct{}{}
		if t := <-s.stopped; t.done {
			ready = slices.Delete(ready, next, next+1)
		}
	}
	return made, among
}

// race is several tasks on a fresh world, and what must be so when all are done.
type race struct {
	tasks []func(context.Context)
	after func() (wrong string)
}

// everyOrder plays a race in every order that there is, each time on a world of
// its own, and returns how many there are and the first that goes wrong.
func everyOrder(t *testing.T, prepare func(w *world) race, wrap ...func(application.Storage) application.Storage) (orders int, wrong string) {
	t.Helper()
	for choices, more := []int(nil), true; more; {
		s := &scheduler{stopped: make(chan *task)}
		layers := append(slices.Clone(wrap), func(store application.Storage) application.Storage { return stepped{store, s} })
		r := prepare(newWorld(t, layers...))
		made, among := s.play(t.Context(), choices, r.tasks)
		orders++
		if wrong := r.after(); wrong != "" {
			return orders, wrong
		}
		choices, more = nextOrder(made, among)
	}
	return orders, ""
}

// nextOrder returns the choices of the next order, depth first.
func nextOrder(made, among []int) (choices []int, more bool) {
	for i := len(made) - 1; i >= 0; i-- {
		if made[i]+1 < among[i] {
			return append(slices.Clone(made[:i]), made[i]+1), true
		}
	}
	return nil, false
}

// stepped is a storage that stops before each operation. A transaction is one
// operation: it is serializable. Advance is two, as it is on a SQL database: an
// update, and if that finds nothing a look at what is there instead.
type stepped struct {
	application.Storage
	s *scheduler
}

func (x stepped) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	x.s.stop(ctx)
	return x.Storage.Atomically(ctx, func(inside context.Context, tx application.Tx) error {
		return fn(context.WithValue(inside, taskKey{}, nil), tx)
	})
}

func (x stepped) Sessions() application.SessionStore {
	return steppedSessions{x.Storage.Sessions(), x.s}
}

func (x stepped) Users() application.UserStore { return steppedUsers{x.Storage.Users(), x.s} }

func (x stepped) Credentials() application.CredentialStore {
	return steppedCredentials{x.Storage.Credentials(), x.s}
}

type steppedSessions struct {
	application.SessionStore
	s *scheduler
}

func (x steppedSessions) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	x.s.stop(ctx)
	session, user, moved, err := x.SessionStore.Advance(ctx, step)
	if moved || err != nil {
		return session, user, moved, err
	}
	x.s.stop(ctx)
	session, user, err = x.Session(ctx, step.Session)
	return session, user, false, err
}

type steppedUsers struct {
	application.UserStore
	s *scheduler
}

func (x steppedUsers) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	x.s.stop(ctx)
	return x.UserStore.User(ctx, id)
}

type steppedCredentials struct {
	application.CredentialStore
	s *scheduler
}

func (x steppedCredentials) AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error) {
	x.s.stop(ctx)
	return x.CredentialStore.AccountByEmail(ctx, email)
}

func (x steppedCredentials) Account(ctx context.Context, id domain.UserID) (domain.Account, error) {
	x.s.stop(ctx)
	return x.CredentialStore.Account(ctx, id)
}
