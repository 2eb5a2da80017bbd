package sqlstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type eventRow struct {
	ID        string                     `db:"id"`
	At        instant                    `db:"at"`
	Type      string                     `db:"type"`
	Outcome   string                     `db:"outcome"`
	Reason    string                     `db:"reason"`
	Subject   string                     `db:"subject"`
	Actor     string                     `db:"actor"`
	Session   string                     `db:"session"`
	Address   string                     `db:"address"`
	UserAgent string                     `db:"user_agent"`
	RequestID string                     `db:"request_id"`
	Count     int                        `db:"count"`
	Details   encoded[map[string]string] `db:"details"`
}

func (r *eventRow) event() domain.Event {
	return domain.Event{
		ID: domain.EventID(r.ID), At: r.At.Time, Type: domain.EventType(r.Type), Outcome: domain.Outcome(r.Outcome),
		Reason: r.Reason, Subject: r.Subject, Actor: r.Actor, Session: domain.SessionID(r.Session),
		Client:    domain.Client{Address: r.Address, UserAgent: r.UserAgent},
		RequestID: r.RequestID, Count: r.Count, Details: r.Details.value,
	}
}

// eventEntry is an event on its way into storage: all of one call go in one statement.
type eventEntry struct {
	ID        domain.EventID    `json:"id"`
	At        int64             `json:"at"` // microseconds since 1970
	Type      domain.EventType  `json:"type"`
	Outcome   domain.Outcome    `json:"outcome"`
	Reason    string            `json:"reason"`
	Subject   string            `json:"subject"`
	Actor     string            `json:"actor"`
	Session   domain.SessionID  `json:"session"`
	Address   string            `json:"address"`
	UserAgent string            `json:"user_agent"`
	RequestID string            `json:"request_id"`
	Count     int               `json:"count"`
	Details   map[string]string `json:"details"`
}

func (s audit) Append(ctx context.Context, events ...domain.Event) error {
	if len(events) == 0 {
		return nil
	}
	entries := make([]eventEntry, len(events))
	for i, e := range events {
		entries[i] = eventEntry{
			ID: e.ID, At: e.At.UnixMicro(), Type: e.Type, Outcome: e.Outcome, Reason: e.Reason,
			Subject: e.Subject, Actor: e.Actor, Session: e.Session,
			Address: e.Client.Address, UserAgent: e.Client.UserAgent, RequestID: e.RequestID,
			Count: e.Count, Details: e.Details,
		}
	}
	_, err := s.exec(ctx, nil, s.q.Audit.Append, encoded[[]eventEntry]{entries})
	return err
}

func (s audit) List(ctx context.Context, by application.AuditFilter, page application.Page[domain.EventID]) ([]domain.Event, error) {
	f := starting(s.q.Audit.List, cursor(page.After, afterAll))
	if by.Subject != "" {
		f.where(s.q.Audit.WhereSubject, by.Subject)
	}
	if by.Type != "" {
		f.where(s.q.Audit.WhereType, string(by.Type))
	}
	if !by.Since.IsZero() {
		f.where(s.q.Audit.WhereSince, at(by.Since))
	}
	if !by.Until.IsZero() {
		f.where(s.q.Audit.WhereUntil, at(by.Until))
	}
	f.where(s.q.Audit.Page, page.Limit)
	var rows []eventRow
	if err := s.named(ctx, "audit: list", &rows, f.text.String(), f.args...); err != nil {
		return nil, err
	}
	return each(rows, (*eventRow).event), nil
}

func (s audit) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	swept, err := s.exec(ctx, nil, s.q.Audit.Sweep, at(before), limit)
	return int(swept), err
}
