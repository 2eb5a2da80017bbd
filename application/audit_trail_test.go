package application_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// trailed is a trail that runs on a storage which can be down, inside of a
// synctest bubble.
type trailed struct {
	*application.AuditTrail
	application.Journal
	store *downable
	told  heardEvents
	end   func()
}

func newTrailed(t *testing.T) *trailed {
	t.Helper()
	w := &trailed{store: &downable{Storage: memory.New()}}
	w.AuditTrail = application.NewAuditTrail(w.store, &w.told, bubbleClock{}, system.IDs{})
	w.Journal = application.Journal{
		Store: w.store, Recorder: &w.told, Clock: bubbleClock{}, IDs: system.IDs{}, Trail: w.AuditTrail,
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	w.end = func() {
		cancel()
		<-done
	}
	t.Cleanup(w.end)
	return w
}

func (w *trailed) stored(t *testing.T) []domain.Event {
	t.Helper()
	events, err := w.store.Storage.Audit().List(context.Background(), application.AuditFilter{}, application.Page[domain.EventID]{Limit: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func (w *trailed) refused(client, subject, reason string) {
	ctx := application.WithOrigin(context.Background(), &application.Origin{Client: domain.Client{Address: client}})
	w.Journal.Record(ctx, domain.Event{Type: domain.LoginFailed, Outcome: domain.Failure, Subject: subject, Reason: reason})
}

// bubbleClock tells the time of a synctest bubble.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

type heardEvents struct {
	mu   sync.Mutex
	list []domain.Event
}

func (h *heardEvents) Record(_ context.Context, e domain.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, e)
}

func (h *heardEvents) of(kind domain.EventType) (found []domain.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.list {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

// downable is a storage whose audit store can be away, lose the answer to its
// next write, or refuse a subject.
type downable struct {
	application.Storage
	down, loseNext atomic.Bool
}

func (d *downable) Audit() application.AuditStore { return downableAudit{d.Storage.Audit(), d} }

type downableAudit struct {
	application.AuditStore
	of *downable
}

func (a downableAudit) Append(ctx context.Context, events ...domain.Event) error {
	if a.of.down.Load() {
		return fmt.Errorf("append: %w", domain.ErrUnavailable)
	}
	for _, e := range events {
		if e.Subject == "poison" {
			return errors.New("the storage can't hold that")
		}
	}
	if err := a.AuditStore.Append(ctx, events...); err != nil || !a.of.loseNext.CompareAndSwap(true, false) {
		return err
	}
	return fmt.Errorf("the answer to COMMIT was lost: %w", domain.ErrUnavailable)
}

func TestEqualRefusalsAreOneRowAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTrailed(t)
		for range 3 { // over three writes
			for range 10 {
				w.refused("192.0.2.1", "ada", "wrong_password")
			}
			time.Sleep(2 * time.Second)
		}
		w.refused("192.0.2.2", "ada", "wrong_password")
		w.refused("192.0.2.1", "bob", "wrong_password")
		w.refused("192.0.2.1", "ada", "user_inactive")
		w.refused("2001:db8::1", "ada", "wrong_password") // one IPv6 /64 is one client
		w.refused("2001:db8::ffff:2", "ada", "wrong_password")
		time.Sleep(time.Minute)
		w.refused("192.0.2.1", "ada", "wrong_password")
		time.Sleep(2 * time.Second)
		var got []string
		for _, e := range w.stored(t) {
			got = append([]string{e.Client.Address + " " + e.Subject + " " + e.Reason + " " + strconv.Itoa(e.Count)}, got...)
		}
		want := "192.0.2.1 ada wrong_password 30, 192.0.2.2 ada wrong_password 1, 192.0.2.1 bob wrong_password 1, " +
			"192.0.2.1 ada user_inactive 1, 2001:db8::1 ada wrong_password 2, 192.0.2.1 ada wrong_password 1"
		if strings.Join(got, ", ") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
		}
		w.end()
	})
}

func TestTheTrailLeavesOutRefreshesAndGrantedAccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTrailed(t)
		for _, kind := range []domain.EventType{domain.TokenRefreshed, domain.AccessGranted, domain.AccessDenied} {
			w.Journal.Record(t.Context(), domain.Event{Type: kind})
		}
		time.Sleep(2 * time.Second)
		if got := w.stored(t); len(got) != 1 || got[0].Type != domain.AccessDenied {
			t.Errorf("got %+v, want access.denied alone", got)
		}
		w.end()
	})
}

func TestAChangeIsStoredOnceWithTheChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTrailed(t)
		err := w.Change(t.Context(), func(_ context.Context, _ application.Tx, note application.Note) error {
			note(domain.Event{Type: domain.UserCreated})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := w.stored(t); len(got) != 1 {
			t.Errorf("got %d rows, want 1: %+v", len(got), got)
		}
		w.end()
	})
}

func TestAnOutageOfStorageLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTrailed(t)
		w.store.down.Store(true)
		for i := range 2000 {
			w.refused("192.0.2.1", "subject "+strconv.Itoa(i), "wrong_password")
		}
		time.Sleep(10 * time.Second)
		w.refused("192.0.2.1", "subject 0", "wrong_password")
		w.store.down.Store(false)
		w.store.loseNext.Store(true)
		time.Sleep(10 * time.Second)
		got, total := w.stored(t), 0
		for _, e := range got {
			total += e.Count
		}
		if len(got) != 2000 || total != 2001 {
			t.Errorf("got %d rows of %d events, want 2000 of 2001", len(got), total)
		}
		w.end()
	})
}

func TestWhatDoesNotFitIsCountedAndTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTrailed(t)
		w.store.down.Store(true)
		const sent = 12_000
		for i := range sent {
			w.refused("192.0.2.1", "subject "+strconv.Itoa(i), "wrong_password")
		}
		w.refused("192.0.2.1", "subject 7", "wrong_password") // joins its row however full it is
		time.Sleep(30 * time.Second)
		w.refused("192.0.2.1", "one more", "wrong_password")
		time.Sleep(10 * time.Second)
		told := w.told.of(domain.AuditOverflowed)
		if len(told) != 1 {
			t.Fatalf("told %d times within a minute, want once", len(told))
		}
		w.store.down.Store(false)
		time.Sleep(2 * time.Minute)
		kept, lost := 0, 0
		for _, e := range w.stored(t) {
			if e.Type == domain.AuditOverflowed {
				lost += e.Count
				continue
			}
			kept += e.Count
		}
		if kept == 0 || lost == 0 || kept+lost != sent+2 {
			t.Errorf("%d kept and %d lost, want %d together", kept, lost, sent+2)
		}
		w.end()
	})
}

func TestAnEventThatStorageCannotHoldTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTrailed(t)
		w.refused("192.0.2.1", "before", "x")
		w.refused("192.0.2.1", "poison", "x")
		w.refused("192.0.2.1", "after", "x")
		time.Sleep(5 * time.Second)
		var subjects []string
		for _, e := range w.stored(t) {
			subjects = append(subjects, e.Subject+string(e.Type))
		}
		if got, want := strings.Join(subjects, " "), "audit.overflowed afterlogin.failed beforelogin.failed"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		w.end()
	})
}

func TestTheEndOfAProcessWritesWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTrailed(t)
		for i := range 3000 {
			w.refused("192.0.2.1", strconv.Itoa(i), "x")
		}
		w.end()
		if got := len(w.stored(t)); got != 3000 {
			t.Errorf("%d rows, want 3000", got)
		}
	})
}

func TestAStrangerHasOneSubjectInAllSpellings(t *testing.T) {
	t.Parallel()
	w := newThrottled(t)
	sealer, err := envelope.New(envelope.Config{Secret: domain.RandomSecret()})
	if err != nil {
		t.Fatal(err)
	}
	var heard heardEvents
	w.journal.Recorder = &heard
	w.journal.StrangerKey = &application.KeptKey{Name: "audit", Store: w.journal.Store, Sealer: sealer}
	w.authenticate.Journal = w.journal
	subjects := map[string]bool{}
	for _, username := range []string{"nobody@example.com", " NoBody@Example.COM", "somebody@example.com", "not an address"} {
		_, _ = w.authenticate.Do(w.from("192.0.2.1"), application.Login{Username: username, Password: password("wrong")})
	}
	for _, e := range heard.list {
		subjects[e.Subject] = true
		if !strings.HasPrefix(e.Subject, "unknown:") || len(e.Subject) != len("unknown:")+32 || strings.Contains(e.Subject, "body") {
			t.Errorf("subject %q, want unknown: and 16 bytes in hexadecimal", e.Subject)
		}
	}
	if len(heard.list) != 4 || len(subjects) != 3 {
		t.Errorf("%d subjects of %d events, want 3 of 4", len(subjects), len(heard.list))
	}
}
