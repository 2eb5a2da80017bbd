package system_test

import (
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestTheClockTellsWholeMicrosecondsInUTC(t *testing.T) {
	t.Parallel()
	before := time.Now()
	got := system.Clock{}.Now()
	after := time.Now()

	if got.Location() != time.UTC {
		t.Errorf("location: got %v, want UTC", got.Location())
	}
	if rest := got.Nanosecond() % 1000; rest != 0 {
		t.Errorf("nanoseconds below a microsecond: got %d, want 0", rest)
	}
	if got.Before(before.Add(-time.Microsecond)) || got.After(after) {
		t.Errorf("got %v, want between %v and %v", got, before, after)
	}
	if stored := time.UnixMicro(got.UnixMicro()).UTC(); got != stored {
		t.Errorf("read back from microseconds: got %#v, want %#v", stored, got)
	}
}

func TestIDsAreCanonicalVersionSevenAndRise(t *testing.T) {
	t.Parallel()
	last := ""
	for range 10_000 {
		id := system.IDs{}.NewID()
		if _, err := domain.ParseID[domain.UserID](id); err != nil {
			t.Fatalf("ParseID(%q): %v", id, err)
		}
		if id[14] != '7' {
			t.Fatalf("version of %q: got %c, want 7", id, id[14])
		}
		if id <= last {
			t.Fatalf("got %q after %q, want a later one", id, last)
		}
		last = id
	}
}

func TestTheModuleProvidesBothPorts(t *testing.T) {
	t.Parallel()
	err := fx.ValidateApp(fx.NopLogger, system.Module, fx.Invoke(func(application.Clock, application.IDs) {}))
	if err != nil {
		t.Errorf("got %v, want a graph that holds", err)
	}
}
