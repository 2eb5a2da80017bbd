package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func newEvent(edits ...func(*domain.Event)) domain.Event {
	event := domain.Event{
		ID: newID[domain.EventID](), At: noon, Type: domain.UserCreated, Outcome: domain.Success,
		Subject: string(newID[domain.UserID]()), Count: 1,
	}
	for _, edit := range edits {
		edit(&event)
	}
	return event
}

func listEvents(t testing.TB, s application.Storage, filter application.AuditFilter, page application.Page[domain.EventID]) ([]domain.Event, error) {
	t.Helper()
	return s.Audit().List(t.Context(), filter, page)
}

var auditCases = []Case{
	{"events come back as they were written, the newest first, page by page", func(t testing.TB, s application.Storage) {
		full := newEvent(func(e *domain.Event) {
			e.Outcome, e.Reason, e.Actor, e.Session = domain.Failure, "reuse", "operator", newID[domain.SessionID]()
			e.Client = domain.Client{Address: "2001:db8::1", UserAgent: "curl/8 🦊"}
			e.RequestID, e.Count, e.Details = "req-1", 12, map[string]string{"role": "editor", "note": `"語" \ '%_`}
		})
		sparse, last := newEvent(), newEvent(func(e *domain.Event) { e.Subject = "" })
		require(t, "Append several", s.Audit().Append(t.Context(), full, sparse))
		require(t, "Append one", s.Audit().Append(t.Context(), last))
		require(t, "Append none", s.Audit().Append(t.Context()))
		got, err := listEvents(t, s, application.AuditFilter{}, page[domain.EventID](2))
		same(t, "first page", got, err, []domain.Event{last, sparse})
		got, err = listEvents(t, s, application.AuditFilter{}, application.Page[domain.EventID]{After: sparse.ID, Limit: 2})
		same(t, "second page", got, err, []domain.Event{full})
	}},
	{"an event that is appended again keeps the higher of its counts", func(t testing.TB, s application.Storage) {
		few, other := newEvent(), newEvent()
		many := few
		many.Count = 41
		for _, events := range [][]domain.Event{{few}, {other, many}, {few}} {
			require(t, "Append", s.Audit().Append(t.Context(), events...))
		}
		got, err := listEvents(t, s, application.AuditFilter{}, page[domain.EventID](9))
		same(t, "events", got, err, []domain.Event{other, many})
	}},
	{"a list of events is narrowed by subject, type and time", func(t testing.TB, s application.Storage) {
		first := newEvent(func(e *domain.Event) { e.Subject = "a" })
		second := newEvent(func(e *domain.Event) { e.Subject, e.Type, e.At = "a", domain.UserDeleted, noon.Add(time.Second) })
		third := newEvent(func(e *domain.Event) { e.Subject, e.At = "b", noon.Add(2*time.Second) })
		require(t, "Append", s.Audit().Append(t.Context(), first, second, third))
		for _, c := range []struct {
			name   string
			filter application.AuditFilter
			want   []domain.Event
		}{
			{"subject", application.AuditFilter{Subject: "a"}, []domain.Event{second, first}},
			{"type", application.AuditFilter{Type: domain.UserCreated}, []domain.Event{third, first}},
			{"since, at or after", application.AuditFilter{Since: second.At}, []domain.Event{third, second}},
			{"until, before", application.AuditFilter{Until: second.At}, []domain.Event{first}},
			{"window", application.AuditFilter{Since: second.At, Until: third.At}, []domain.Event{second}},
			{"all at once", application.AuditFilter{Subject: "a", Type: domain.UserCreated, Since: noon, Until: third.At}, []domain.Event{first}},
			{"nothing", application.AuditFilter{Subject: "b", Type: domain.UserDeleted}, nil},
		} {
			got, err := listEvents(t, s, c.filter, page[domain.EventID](9))
			same(t, c.name, got, err, c.want)
		}
		got, err := listEvents(t, s, application.AuditFilter{Type: domain.UserCreated}, application.Page[domain.EventID]{After: third.ID, Limit: 9})
		same(t, "second page of a type", got, err, []domain.Event{first})
	}},
	{"sweeping events deletes those of before, and never more than asked", func(t testing.TB, s application.Storage) {
		for range 3 {
			require(t, "Append", s.Audit().Append(t.Context(), newEvent(func(e *domain.Event) { e.At = noon.Add(-time.Microsecond) })))
		}
		kept := newEvent()
		require(t, "Append", s.Audit().Append(t.Context(), kept))
		for _, want := range []int{2, 1, 0} {
			n, err := s.Audit().Sweep(t.Context(), noon, 2)
			count(t, "Sweep", n, err, want)
		}
		got, err := listEvents(t, s, application.AuditFilter{}, page[domain.EventID](9))
		same(t, "what is left", got, err, []domain.Event{kept})
	}},
}
