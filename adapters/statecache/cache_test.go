package statecache

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestAFailureIsToldAndNotRemembered(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		s.storage.fail = errDown
		for range 2 {
			if _, err := s.cache.SessionState(s.Context(), session); !errors.Is(err, errDown) {
				t.Errorf("SessionState: got error %v, want %v", err, errDown)
			}
		}
		s.asked("two that failed", 2)
		s.storage.fail = nil
		s.want("when storage is back", 1)
	})
}

func TestWhoLeavesTakesNobodyAlong(t *testing.T) {
	play(t, func(s *scene) {
		s.beat()
		release := s.halt()
		ctx, leave := context.WithCancel(s.Context())
		left := make(chan error, 1)
		go func() {
			_, err := s.cache.SessionState(ctx, session)
			left <- err
		}()
		synctest.Wait()
		stays := s.begin()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves: got error %v, want %v", err, context.Canceled)
		}
		release()
		s.gets("who stays", stays, 1)
		s.asked("both", 1)
	})
}

type panicking struct{ storage }

func (*panicking) SessionState(context.Context, domain.SessionID) (*domain.SessionState, error) {
	panic("a defect of storage")
}

func TestAPanicReachesWhoWaits(t *testing.T) {
	t.Parallel()
	c := New(&panicking{}, Config{})
	for range 2 { // the key is not stuck
		func() {
			defer func() {
				if p := recover(); !strings.HasPrefix(fmt.Sprint(p), "a defect of storage\n") {
					t.Errorf("SessionState: got panic %v, want storage's with its stack", p)
				}
			}()
			_, _ = c.SessionState(t.Context(), session)
		}()
	}
}

func TestNoMoreIsRememberedThanFits(t *testing.T) {
	t.Parallel()
	const most = 1000
	st := &storage{version: 1, ends: time.Now().Add(time.Hour)}
	c := New(st, Config{Entries: most})
	c.Beat(time.Now().Add(time.Hour))
	for i := range 20 * most {
		if _, err := c.SessionState(t.Context(), domain.SessionID(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	c.sessions.entries.CleanUp()
	if got := c.sessions.entries.EstimatedSize(); got > most {
		t.Errorf("entries: got %d, want %d at most", got, most)
	}
	if got := len(c.sessions.flights.lanes); got != 0 {
		t.Errorf("lanes: got %d, want none when nothing loads", got)
	}
}

// TestAnEntryTakesAboutAKilobyte says what the cache costs: an entry of a
// session whose user holds one role, with strings of the usual lengths.
func TestAnEntryTakesAboutAKilobyte(t *testing.T) {
	const entries, most = 50_000, 1536
	before := heap()
	c := New(&roomy{}, Config{Entries: entries})
	c.Beat(time.Now().Add(time.Hour))
	for i := range entries {
		if _, err := c.SessionState(t.Context(), sessionID(i)); err != nil {
			t.Fatal(err)
		}
	}
	c.sessions.entries.CleanUp()
	each := (heap() - before) / uint64(c.sessions.entries.EstimatedSize())
	t.Logf("%d bytes an entry, %d entries", each, c.sessions.entries.EstimatedSize())
	if each > most {
		t.Errorf("an entry takes %d bytes, want %d at most", each, most)
	}
	runtime.KeepAlive(c)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func sessionID(i int) domain.SessionID {
	return domain.SessionID(fmt.Sprintf("0192f0c1-2a7b-7c3d-8e4f-%012d", i))
}

// roomy answers with states as a database's rows become them: nothing shared.
type roomy struct{ storage }

func (*roomy) SessionState(_ context.Context, id domain.SessionID) (*domain.SessionState, error) {
	now := time.Now()
	user := domain.User{
		ID: domain.UserID(strings.Clone(string(id))), Email: domain.StoredEmail(string(id) + "@example.com"),
		Name: strings.Clone("Ada Lovelace"), Status: domain.Status(strings.Clone("active")),
		Roles: []domain.RoleName{domain.RoleName(strings.Clone("user"))}, Version: 1,
	}
	return &domain.SessionState{
		Session: domain.Session{
			ID: domain.SessionID(strings.Clone(string(id))), UserID: user.ID, UserVersion: 1, ExpiresAt: now.Add(time.Hour),
			Client: domain.Client{Address: strings.Clone("192.0.2.17"), UserAgent: strings.Repeat("Mozilla/5.0 ", 10)},
		},
		User: user, Permissions: domain.NewPermissions("users:read"),
	}, nil
}

func BenchmarkARememberedSession(b *testing.B) {
	st := &storage{version: 1, ends: time.Now().Add(time.Hour)}
	c := New(st, Config{})
	c.Beat(time.Now().Add(time.Hour))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.SessionState(b.Context(), session); err != nil {
			b.Fatal(err)
		}
	}
}

// TestReadersAndWritersAtOnceNeverSeeWhatIsOver is for the race detector, and
// for what no script here thought of: once a change is told nobody who comes
// then sees what was before it.
func TestReadersAndWritersAtOnceNeverSeeWhatIsOver(t *testing.T) {
	t.Parallel()
	st := &storage{version: 1, ends: time.Now().Add(time.Hour)}
	c := New(st, Config{})
	c.Beat(time.Now().Add(time.Hour))
	var writing, readers sync.WaitGroup
	done := make(chan struct{})
	var told sync.Map
	told.Store("version", int64(1))
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				least, _ := told.Load("version")
				state, err := c.SessionState(t.Context(), session)
				if err != nil || state.User.Version < least.(int64) {
					t.Errorf("got %+v, %v, want version %d or later", state, err, least)
					return
				}
			}
		})
	}
	writing.Go(func() {
		for i := range 5000 {
			st.mu.Lock()
			st.version++
			now := st.version
			st.mu.Unlock()
			c.Changed(watched[i%len(watched)])
			told.Store("version", now)
		}
	})
	writing.Wait()
	close(done)
	readers.Wait()
}
