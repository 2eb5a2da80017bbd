package prommetrics_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/prommetrics"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestEventsAreCountedByTypeAndOutcome(t *testing.T) {
	t.Parallel()
	registry := prommetrics.NewRegistry(prommetrics.Config{Version: "v1", Commit: "abc", Go: "go1.26"})
	recorder := prommetrics.New(registry)
	recorder.Record(context.Background(), domain.Event{Type: domain.LoginFailed, Outcome: domain.Failure, Count: 4, Subject: "someone"})
	recorder.Record(context.Background(), domain.Event{Type: domain.LoginFailed, Outcome: domain.Failure})

	answer := httptest.NewRecorder()
	prommetrics.Handler(registry).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	got := answer.Body.String()
	for _, want := range []string{
		`sallyport_auth_events_total{event="login.failed",outcome="failure"} 5`,
		`sallyport_build_info{commit="abc",goversion="go1.26",version="v1"} 1`,
		"go_goroutines ", "process_open_fds ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant a line %s", got, want)
		}
	}
	if strings.Contains(got, "someone") {
		t.Errorf("got a series that names a subject:\n%s", got)
	}
}
