package application

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"

	"github.com/sallyport-auth/sallyport/domain"
)

// Journal couples a change with its record, so that no use case can forget
// one: the audit row is committed with the change, and the Recorder hears of
// it once it has happened.
type Journal struct {
	Store    Store
	Recorder Recorder
	Clock    Clock
	IDs      IDs
	// Trail stores what changed nothing; nil: only the Recorder hears of it.
	Trail *AuditTrail
	// StrangerKey hashes addresses without an account into subjects; nil:
	// events about them have none.
	StrangerKey *KeptKey
}

// Note is how a change tells what it did.
type Note func(domain.Event)

// Change runs fn in one transaction together with the audit rows of what it
// notes. What fn notes counts only if the transaction commits.
func (j Journal) Change(ctx context.Context, fn func(ctx context.Context, tx Tx, note Note) error) error {
	var events []domain.Event
	err := j.Store.Atomically(ctx, func(ctx context.Context, tx Tx) error {
		events = events[:0] // fn may run again
		err := fn(ctx, tx, func(e domain.Event) { events = append(events, j.stamp(ctx, e)) })
		if err != nil || len(events) == 0 {
			return err
		}
		return tx.Audit().Append(ctx, events...)
	})
	if err != nil {
		return err
	}
	for _, e := range events {
		j.Recorder.Record(ctx, e)
	}
	return nil
}

// Record tells the Recorder and the Trail of something that changed nothing: a
// refusal, or a refresh, whose session row is its record.
func (j Journal) Record(ctx context.Context, e domain.Event) {
	e = j.stamp(ctx, e)
	j.Recorder.Record(ctx, e)
	if j.Trail != nil {
		j.Trail.Record(ctx, e)
	}
}

// stranger returns the subject of events about an address that has no account:
// a keyed hash, so that an attack on it can be followed and nobody can read it.
// Work it out for known addresses too, or time tells them apart; and outside
// of transactions, as it may have to read the key.
func (j Journal) stranger(ctx context.Context, address string) string {
	if j.StrangerKey == nil {
		return ""
	}
	key, err := j.StrangerKey.Key(ctx)
	if err != nil {
		return "" // storage is down; the event counts all the same
	}
	return "unknown:" + hex.EncodeToString(hashOfAddress(key, address))
}

// subjectOf returns the id of an account's user, or what stands for nobody's.
func subjectOf(id domain.UserID, stranger string) string {
	if id == "" {
		return stranger
	}
	return string(id)
}

// refuse records a refusal for reason, and returns err.
func (j Journal) refuse(ctx context.Context, e domain.Event, reason string, err error) error {
	e.Outcome, e.Reason = domain.Failure, reason
	j.Record(ctx, e)
	return err
}

// limited records a refusal by a limit; any other error passes unrecorded.
func (j Journal) limited(ctx context.Context, err error) error {
	var refused *domain.Error
	if !errors.As(err, &refused) || refused.Kind != domain.KindRateLimited || refused.Limit == nil {
		return err
	}
	return j.refuse(ctx, domain.Event{Type: domain.RateLimited}, refused.Limit.Policy, err)
}

func (j Journal) stamp(ctx context.Context, e domain.Event) domain.Event {
	origin := OriginOf(ctx)
	e.ID = domain.EventID(j.IDs.NewID())
	e.At = j.Clock.Now()
	e.Client = origin.Client
	e.RequestID = origin.RequestID
	e.Count = max(e.Count, 1)
	if origin.Asked != "" {
		e.Details = maps.Clone(e.Details)
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details["request"] = origin.Asked
	}
	if e.Actor == e.Subject {
		e.Actor = ""
	}
	if e.Outcome == "" {
		e.Outcome = domain.Success
	}
	return e
}
