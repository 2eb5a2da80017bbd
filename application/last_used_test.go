package application

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// touches is a store of API keys that takes down what Touch is given.
type touches struct {
	Store
	APIKeyStore
	mu      sync.Mutex
	batches []map[domain.APIKeyID]time.Time
	fail    error
}

func (s *touches) APIKeys() APIKeyStore { return s }

func (s *touches) Touch(_ context.Context, used map[domain.APIKeyID]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.batches = append(s.batches, maps.Clone(used))
	return nil
}

// answer says what Touch returns from now on.
func (s *touches) answer(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// runLastUsed runs a LastUsed in a bubble of fake time; stop ends it.
func runLastUsed(t *testing.T, test func(t *testing.T, u *LastUsed, store *touches, stop func())) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &touches{}
		u := &LastUsed{Store: store, Failed: func(error) {}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			u.Run(ctx)
		}()
		test(t, u, store, func() {
			cancel()
			<-done
		})
	})
}

func wantBatches(t *testing.T, what string, store *touches, want ...map[domain.APIKeyID]time.Time) {
	t.Helper()
	synctest.Wait()
	store.mu.Lock()
	defer store.mu.Unlock()
	if len(store.batches) != len(want) {
		t.Fatalf("%s: got batches %v, want %v", what, store.batches, want)
	}
	for i := range want {
		if !maps.Equal(store.batches[i], want[i]) {
			t.Errorf("%s: batch %d is %v, want %v", what, i, store.batches[i], want[i])
		}
	}
}

func TestLastUsesAreStoredOnceAMinuteInOneBatch(t *testing.T) {
	runLastUsed(t, func(t *testing.T, u *LastUsed, store *touches, stop func()) {
		first := time.Now()
		later := first.Add(time.Second)
		u.note("a", later)
		u.note("a", first) // from another request, a little behind
		u.note("b", first)
		time.Sleep(lastUsedEvery - time.Nanosecond)
		wantBatches(t, "before a minute is over", store)
		time.Sleep(time.Nanosecond)
		batch := map[domain.APIKeyID]time.Time{"a": later, "b": first}
		wantBatches(t, "after a minute", store, batch)
		time.Sleep(3 * lastUsedEvery)
		wantBatches(t, "after minutes without a use", store, batch)
		stop()
	})
}

func TestLastUsesAreStoredAtTheEnd(t *testing.T) {
	runLastUsed(t, func(t *testing.T, u *LastUsed, store *touches, stop func()) {
		used := time.Now()
		u.note("a", used)
		stop()
		wantBatches(t, "at the end", store, map[domain.APIKeyID]time.Time{"a": used})
	})
}

func TestABatchThatWasNotStoredIsInTheNext(t *testing.T) {
	runLastUsed(t, func(t *testing.T, u *LastUsed, store *touches, stop func()) {
		var failed []error
		u.Failed = func(err error) { failed = append(failed, err) }
		down := errors.New("down")
		store.answer(down)
		used := time.Now()
		u.note("a", used)
		u.note("b", used)
		time.Sleep(lastUsedEvery)
		synctest.Wait()
		if len(failed) != 1 || !errors.Is(failed[0], down) {
			t.Errorf("failures: got %v, want %v once", failed, down)
		}
		store.answer(nil)
		later := time.Now()
		u.note("a", later)
		time.Sleep(lastUsedEvery)
		wantBatches(t, "after the next minute", store, map[domain.APIKeyID]time.Time{"a": later, "b": used})
		stop()
	})
}

func TestWhereNobodyAsksNothingIsTakenDown(t *testing.T) {
	t.Parallel()
	var nobody *LastUsed
	nobody.note("a", time.Now())
}
