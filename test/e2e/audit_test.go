package e2e

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to make events older

	"github.com/sallyport-auth/sallyport/test/service"
)

// auditEvent is one item of GET /audit-events.
type auditEvent struct {
	ID, At, Event, Outcome, Reason string
	Subject, Actor, Session        *string
	IP                             string `json:"ip"`
	UserAgent                      string `json:"user_agent"`
	RequestID                      string `json:"request_id"`
	Count                          int
}

type auditPage struct {
	Items      []auditEvent
	NextCursor *string `json:"next_cursor"`
}

func auditEvents(s *service.Service, access, query string) auditPage {
	var page auditPage
	s.Get("/audit-events"+query, service.Bearer(access)).Want(http.StatusOK).Into(&page)
	return page
}

// auditUntil asks until there are events enough: refusals are stored within a second or two.
func auditUntil(t *testing.T, s *service.Service, access, query string, enough func([]auditEvent) bool) []auditEvent {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		page := auditEvents(s, access, query)
		if enough(page.Items) {
			return page.Items
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s GET /audit-events%s is %+v", query, page.Items)
		}
	}
}

func total(events []auditEvent) (n int) {
	for _, e := range events {
		n += e.Count
	}
	return n
}

func TestTheAuditTrailHasChangesAtOnceAndRefusalsSoon(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		admin, got := newAdmin(t, s, "root@example.com")
		ada, _ := newUser(s, "ada@example.com")
		changes := auditEvents(s, got.AccessToken, "?subject="+ada.ID)
		if len(changes.Items) != 2 || changes.Items[0].Event != "login.succeeded" || changes.Items[1].Event != "user.registered" {
			t.Errorf("of ada: %+v, want the login above the registration", changes.Items)
		}
		if e := changes.Items[0]; e.IP != "127.0.0.1" || e.RequestID == "" || e.Session == nil || e.Actor != nil {
			t.Errorf("the login: %+v, want where it came from, and its session", e)
		}
		for range 7 {
			tryLogin(s, "ADA@example.com", "a wrong password").Want(http.StatusUnauthorized)
			tryLogin(s, "stranger@example.com", "a wrong password").Want(http.StatusUnauthorized)
		}
		tryLogin(s, "Stranger@Example.com", "a wrong password").Want(http.StatusUnauthorized)
		failed := auditUntil(t, s, got.AccessToken, "?type=login.failed", func(e []auditEvent) bool { return total(e) == 15 })
		counts := map[string]int{}
		for _, e := range failed {
			if e.Subject == nil {
				t.Fatalf("a login.failed without a subject: %+v", e)
			}
			counts[*e.Subject] += e.Count
			if len(failed) > 4 { // two, or four where a minute ended in between
				t.Errorf("%d rows of 15 equal refusals of two subjects", len(failed))
			}
		}
		delete(counts, ada.ID)
		for subject, n := range counts {
			if !strings.HasPrefix(subject, "unknown:") || n != 8 {
				t.Errorf("%d failures of %s, want 8 of a hash of the stranger's address", n, subject)
			}
			if page := auditEvents(s, got.AccessToken, "?subject="+url.QueryEscape(subject)); total(page.Items) != 8 {
				t.Errorf("asked for %s: %+v, want 8 failures", subject, page.Items)
			}
		}
		if page := auditEvents(s, got.AccessToken, "?type=user.created"); len(page.Items) != 1 || *page.Items[0].Actor != "operator" || *page.Items[0].Subject != admin.ID {
			t.Errorf("user.created: %+v, want the admin, made by the operator", page.Items)
		}
		if all := auditEvents(s, got.AccessToken, "?limit=200"); strings.Contains(mustJSON(t, all), "example.com") {
			t.Errorf("an address is in the audit trail: %s", mustJSON(t, all))
		}
		refresh(s, login(s, "ada@example.com").RefreshToken)
		tryRefresh(s, "nonsense").Want(http.StatusUnauthorized) // once that is in the trail, what was before it would be
		auditUntil(t, s, got.AccessToken, "?type=token.refused", func(e []auditEvent) bool { return total(e) == 1 })
		if page := auditEvents(s, got.AccessToken, "?type=token.refreshed"); len(page.Items) != 0 {
			t.Errorf("token.refreshed: %+v, want none stored", page.Items)
		}
	})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheAuditTrailIsReadPageByPageAndByTime(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newAdmin(t, s, "root@example.com")
		for _, name := range []string{"a", "b", "c"} {
			register(s, name+"@example.com")
		}
		const query = "?type=user.registered&limit=2"
		first := auditEvents(s, got.AccessToken, query)
		if len(first.Items) != 2 || first.NextCursor == nil {
			t.Fatalf("first page: %+v, want two and a cursor", first)
		}
		second := auditEvents(s, got.AccessToken, query+"&cursor="+*first.NextCursor)
		if len(second.Items) != 1 || second.NextCursor != nil || second.Items[0].ID >= first.Items[1].ID || first.Items[1].ID >= first.Items[0].ID {
			t.Errorf("pages %+v and %+v, want three, the newest first", first, second)
		}
		middle := url.QueryEscape(first.Items[1].At)
		if page := auditEvents(s, got.AccessToken, "?type=user.registered&since="+middle); len(page.Items) != 2 {
			t.Errorf("since the second: %d, want 2", len(page.Items))
		}
		if page := auditEvents(s, got.AccessToken, "?type=user.registered&until="+middle); len(page.Items) != 1 {
			t.Errorf("until the second: %d, want 1", len(page.Items))
		}
		for _, bad := range []string{
			"?since=yesterday", "?until=2026-01-01", "?since=1", "?cursor=AAAA", "?limit=0", "?limit=201", "?type=a&type=b",
			"?subject=%00", "?type=%ff", "?subject=" + strings.Repeat("x", 129), "?cursor=" + *first.NextCursor + "x",
		} {
			s.Get("/audit-events"+bad, service.Bearer(got.AccessToken)).Want(http.StatusUnprocessableEntity)
		}
		s.Get("/audit-events").Want(http.StatusUnauthorized)
		_, user := newUser(s, "user@example.com")
		s.Get("/audit-events", service.Bearer(user.AccessToken)).Want(http.StatusForbidden)
		var key struct{ Key string }
		s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "auditor", "permissions": []string{"audit:read"}}, service.Bearer(got.AccessToken)).Want(http.StatusCreated).Into(&key)
		s.Get("/audit-events", service.Header("X-API-Key", key.Key)).Want(http.StatusOK)
	})
}

func TestRefusalsSurviveAStop(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newAdmin(t, s, "root@example.com")
		tryLogin(s, "stranger@example.com", "a wrong password").Want(http.StatusUnauthorized)
		if code := s.Stop(); code != 0 {
			t.Fatalf("exit code %d, want 0", code)
		}
		s.Run()
		if page := auditEvents(s, got.AccessToken, "?type=login.failed"); total(page.Items) != 1 {
			t.Errorf("login.failed after a restart: %+v, want one", page.Items)
		}
	})
}

// SALLYPORT_AUDIT_RETENTION: the sweep begins with the service.
func TestEventsBeyondTheirRetentionAreSwept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sallyport.db")
	s := service.Start(t, "sqlite:"+file, "AUDIT_RETENTION=2h")
	_, got := newAdmin(t, s, "root@example.com")
	register(s, "ada@example.com")
	if code := s.Stop(); code != 0 {
		t.Fatalf("exit code %d, want 0", code)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	for kind, age := range map[string]time.Duration{"user.created": 3 * time.Hour, "user.registered": time.Hour} {
		if _, err := db.ExecContext(t.Context(), `UPDATE audit_events SET at = at - ? WHERE type = ?`, age.Microseconds(), kind); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s.Run()
	auditUntil(t, s, got.AccessToken, "?type=user.created", func(e []auditEvent) bool { return len(e) == 0 })
	if page := auditEvents(s, got.AccessToken, "?type=user.registered"); len(page.Items) != 1 {
		t.Errorf("user.registered of an hour ago: %+v, want it kept", page.Items)
	}
}
