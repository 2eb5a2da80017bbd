package application

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

const (
	// AuditEvery is how often the trail is written to storage.
	AuditEvery = time.Second
	// auditRows bounds what is in memory, once for the rows of the current
	// minute and once for those to be written: some 8 MB at worst.
	auditRows = 5000
	// auditBatch is how many rows one statement writes.
	auditBatch = 1000
	// auditSpan is how long equal refusals are one row.
	auditSpan = time.Minute
)

// AuditTrail brings into the audit store what changed nothing, such as failed
// logins and refusals: in batches, off the path of the request. What changed
// something has its row from the change's own transaction. Refusals that are
// equal in event, subject, client and reason are one row a minute, with a
// count, so that an attack can't flood the store.
type AuditTrail struct {
	store    Store
	recorder Recorder
	clock    Clock
	ids      IDs

	mu      sync.Mutex
	current map[refusalKey]*auditRow // the current minute's refusals
	unsaved []*auditRow              // in the order in which they are to be written
	lost    int                      // since it was last told of
	told    time.Time
}

// refusalKey is what equal refusals have in common.
type refusalKey struct {
	event                   domain.EventType
	subject, client, reason string
}

type auditRow struct {
	key     refusalKey
	event   domain.Event
	unsaved bool
}

// NewAuditTrail returns a trail that Run writes to store. When more is to be
// kept than fits, recorder is told of it, as domain.AuditOverflowed, no more
// than once a minute.
func NewAuditTrail(store Store, recorder Recorder, clock Clock, ids IDs) *AuditTrail {
	return &AuditTrail{store: store, recorder: recorder, clock: clock, ids: ids, current: map[refusalKey]*auditRow{}}
}

// Record keeps an event of ctx for the next batch, or counts it as lost. It
// never waits for storage.
func (t *AuditTrail) Record(ctx context.Context, e domain.Event) {
	if e.Type == domain.TokenRefreshed || e.Type == domain.AccessGranted {
		return // the session's row is the record of one, and nobody could keep all of the other
	}
	row := &auditRow{event: e}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Outcome == domain.Failure {
		row.key = refusalKey{e.Type, e.Subject, clientOf(ctx).key, e.Reason}
		if equal, ok := t.current[row.key]; ok && sameSpan(equal.event.At, e.At) {
			equal.event.Count += e.Count
			t.queue(equal)
			return
		}
	}
	if max(len(t.current), len(t.unsaved)) >= auditRows {
		t.lost += e.Count
		return
	}
	if e.Outcome == domain.Failure {
		t.current[row.key] = row
	}
	t.queue(row)
}

func sameSpan(a, b time.Time) bool { return a.Truncate(auditSpan).Equal(b.Truncate(auditSpan)) }

// Run writes what is recorded until ctx ends, and then what is left.
func (t *AuditTrail) Run(ctx context.Context) {
	ticker := time.NewTicker(AuditEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			t.finish(context.WithoutCancel(ctx))
			return
		case <-ticker.C:
			_ = t.write(ctx) // what could not be written is written with the next batch
		}
	}
}

// finish writes everything, or what a storage that is down lets it write.
func (t *AuditTrail) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		err := t.write(ctx)
		t.mu.Lock()
		left := len(t.unsaved)
		t.mu.Unlock()
		if err != nil || left == 0 {
			return
		}
	}
}

// write writes one batch. A row that was written before gets its new count:
// Append knows it by its id, so that nothing is there twice, also when it is
// unknown whether an earlier COMMIT counted.
func (t *AuditTrail) write(ctx context.Context) error {
	t.tellLost(ctx)
	t.forget()
	rows, events := t.take()
	if len(events) == 0 {
		return nil
	}
	err := t.store.Audit().Append(ctx, events...)
	switch {
	case err == nil:
	case errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil:
		t.putBack(rows)
		return err
	default:
		t.writeSingly(ctx, events)
	}
	return nil
}

// writeSingly writes each event by itself after storage refused them together,
// so that one that it can't hold does not take the others with it.
func (t *AuditTrail) writeSingly(ctx context.Context, events []domain.Event) {
	for _, e := range events {
		if err := t.store.Audit().Append(ctx, e); err != nil {
			t.mu.Lock()
			t.lost += e.Count
			t.mu.Unlock()
		}
	}
}

// take removes the next rows from the queue, with their events as they are now.
func (t *AuditTrail) take() ([]*auditRow, []domain.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.unsaved), auditBatch)
	rows := t.unsaved[:n:n]
	t.unsaved = append([]*auditRow(nil), t.unsaved[n:]...)
	events := make([]domain.Event, n)
	for i, row := range rows {
		row.unsaved = false
		events[i] = row.event
	}
	return rows, events
}

// putBack returns rows to the front of the queue, but for those that have
// joined it again meanwhile.
func (t *AuditTrail) putBack(rows []*auditRow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	later := t.unsaved
	t.unsaved = nil
	for _, row := range rows {
		if !row.unsaved {
			t.queue(row)
		}
	}
	t.unsaved = append(t.unsaved, later...)
}

// forget drops the refusals of earlier minutes: they can't change any more.
func (t *AuditTrail) forget() {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.current, func(_ refusalKey, row *auditRow) bool { return !sameSpan(row.event.At, now) })
}

// queue puts a row at the end of what is to be written, unless it is there.
func (t *AuditTrail) queue(row *auditRow) {
	if !row.unsaved {
		row.unsaved = true
		t.unsaved = append(t.unsaved, row)
	}
}

// tellLost says how many events did not fit: to the recorder, which logs and
// counts it, and in the trail itself, so that an auditor sees the gap.
func (t *AuditTrail) tellLost(ctx context.Context) {
	now := t.clock.Now()
	t.mu.Lock()
	if t.lost == 0 || now.Sub(t.told) < auditSpan {
		t.mu.Unlock()
		return
	}
	e := domain.Event{
		ID: domain.EventID(t.ids.NewID()), At: now, Type: domain.AuditOverflowed,
		Outcome: domain.Failure, Reason: "trail_full", Count: t.lost,
	}
	t.lost, t.told = 0, now
	t.queue(&auditRow{event: e})
	t.mu.Unlock()
	t.recorder.Record(ctx, e)
}
