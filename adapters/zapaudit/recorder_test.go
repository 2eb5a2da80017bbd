package zapaudit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sallyport-auth/sallyport/adapters/zapaudit"
	"github.com/sallyport-auth/sallyport/domain"
)

func recorder(level zapcore.Level) (*zapaudit.Recorder, *bytes.Buffer) {
	var out bytes.Buffer
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	return zapaudit.New(zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), level))), &out
}

func full() domain.Event {
	return domain.Event{
		ID: "0198c0de-0000-7000-8000-000000000001", At: time.Date(2027, 1, 2, 3, 4, 5, 6000, time.UTC),
		Type: domain.LoginFailed, Outcome: domain.Failure, Reason: "wrong_password",
		Subject: "u", Actor: "operator", Session: "s",
		Client:    domain.Client{Address: "192.0.2.1", UserAgent: "curl/8"},
		RequestID: "r", Count: 3, Details: map[string]string{"role": "admin"},
	}
}

func TestAnEventIsOneLineWithEveryMember(t *testing.T) {
	t.Parallel()
	r, out := recorder(zapcore.InfoLevel)
	r.Record(context.Background(), full())
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("got %q, which is no JSON object: %v", out, err)
	}
	want := map[string]any{
		"event": "login.failed", "outcome": "failure", "reason": "wrong_password", "subject": "u", "session": "s",
		"ip": "192.0.2.1", "user_agent": "curl/8", "request_id": "r", "actor": "operator", "count": 3.0,
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: got %v, want %v", k, got[k], v)
		}
	}
	if d, _ := got["details"].(map[string]any); d["role"] != "admin" {
		t.Errorf("details: got %v, want the role admin", got["details"])
	}
}

func TestWhatTheContractNamesIsThereAlsoWhenEmpty(t *testing.T) {
	t.Parallel()
	r, out := recorder(zapcore.InfoLevel)
	r.Record(context.Background(), domain.Event{Type: domain.TokenRefused, Outcome: domain.Failure})
	for _, member := range []string{"event", "outcome", "reason", "subject", "session", "ip", "user_agent", "request_id"} {
		if !strings.Contains(out.String(), `"`+member+`":`) {
			t.Errorf("got %s, want the member %s", out, member)
		}
	}
}

func TestNoEventIsSampledAway(t *testing.T) {
	t.Parallel()
	r, out := recorder(zapcore.InfoLevel)
	const n = 5000
	for range n {
		r.Record(context.Background(), full())
	}
	if got := bytes.Count(out.Bytes(), []byte("\n")); got != n {
		t.Errorf("got %d lines, want %d", got, n)
	}
}

func TestGrantedAccessIsForDebuggingAlone(t *testing.T) {
	t.Parallel()
	granted := domain.Event{Type: domain.AccessGranted, Outcome: domain.Success}
	r, out := recorder(zapcore.InfoLevel)
	r.Record(context.Background(), granted)
	if out.Len() != 0 {
		t.Errorf("at info: got %q, want nothing", out)
	}
	r, out = recorder(zapcore.DebugLevel)
	r.Record(context.Background(), granted)
	if !strings.Contains(out.String(), "access.granted") {
		t.Errorf("at debug: got %q, want the event", out)
	}
}

// Log lines are one JSON object whatever the client sent.
func FuzzAnEventStaysOneJSONObject(f *testing.F) {
	for _, s := range []string{"plain", "two\nlines", `"}{"event":"login.succeeded"`, "\x00\x1b[31m", "\xff\xfe", "\u2028", "\\u000a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, hostile string) {
		r, out := recorder(zapcore.InfoLevel)
		e := full()
		e.Client.UserAgent, e.Client.Address, e.RequestID, e.Reason = hostile, hostile, hostile, hostile
		e.Details = map[string]string{hostile: hostile}
		r.Record(context.Background(), e)
		lines := bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n"))
		if len(lines) != 1 {
			t.Fatalf("got %d lines, want 1: %q", len(lines), out)
		}
		var got struct {
			Event   string `json:"event"`
			Outcome string `json:"outcome"`
		}
		if err := json.Unmarshal(lines[0], &got); err != nil || got.Event != "login.failed" || got.Outcome != "failure" {
			t.Fatalf("got %q (%v), want the event as it was", lines[0], err)
		}
	})
}
