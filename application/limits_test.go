package application_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

func TestALimitIsCountAndWindow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]application.Limit{
		"20/1m":      {Count: 20, Window: time.Minute},
		"5/15m":      {Count: 5, Window: 15 * time.Minute},
		"3/1h":       {Count: 3, Window: time.Hour},
		"1/1h1m1s":   {Count: 1, Window: time.Hour + time.Minute + time.Second},
		"1/1.5s":     {Count: 1, Window: 1500 * time.Millisecond},
		"1000000/1s": {Count: 1_000_000, Window: time.Second},
	} {
		got, err := application.ParseLimit(text)
		if err != nil || got != want {
			t.Errorf("ParseLimit(%q): got %+v, %v, want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("String: got %q, want %q", got.String(), text)
		}
	}
}

func TestALimitThatIsNoneIsRefusedByItsPart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "COUNT/WINDOW", "20": "COUNT/WINDOW", "off": "COUNT/WINDOW",
		"/1m": "count", "0/1m": "count", "-1/1m": "count", "1.5/1m": "count", "1000001/1m": "count", "+/1m": "count",
		"5/": "window", "5/0s": "window", "5/-1m": "window", "5/1": "window", "5/500ms": "window", "5/721h": "window",
		"5/1m/2": "window", "5/1.0005s": "window", "5/9999999999h": "window",
	} {
		got, err := application.ParseLimit(text)
		if err == nil || !strings.Contains(err.Error(), want) || got != (application.Limit{}) {
			t.Errorf("ParseLimit(%q): got %+v, %v, want an error about the %s", text, got, err, want)
		}
	}
}
