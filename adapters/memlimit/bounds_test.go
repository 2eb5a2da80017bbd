package memlimit

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type still struct{}

func (still) Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func take(t *testing.T, l *Limiter, key string, limit application.Limit) error {
	t.Helper()
	_, err := l.Take(t.Context(), application.Budget{Key: key, Limit: limit})
	if err != nil && !errors.Is(err, domain.ErrRateLimited) {
		t.Fatalf("Take: %v", err)
	}
	return err
}

func (l *Limiter) size() int {
	n := 0
	for i := range l.shards {
		n += len(l.shards[i].entries)
	}
	return n
}

func TestMemoryIsBoundedWhateverComes(t *testing.T) {
	t.Parallel()
	l := New(Config{Entries: shards * 10}, still{})
	loose, tight := application.Limit{Name: "loose", Count: 9, Window: time.Hour}, application.Limit{Name: "tight", Count: 1, Window: time.Hour}
	for i := range 20_000 {
		_ = take(t, l, fmt.Sprint("l", i), loose)
		_ = take(t, l, fmt.Sprint("t", i), tight)
	}
	// Each shard may keep a crowd for each limit beside its share.
	if got, most := l.size(), shards*(10+2); got > most {
		t.Errorf("entries: got %d, want at most %d", got, most)
	}
}

func TestWhatFindsNoRoomIsLimitedTogether(t *testing.T) {
	t.Parallel()
	l := New(Config{Entries: shards}, still{})
	limit := application.Limit{Name: "tight", Count: 1, Window: time.Hour}
	passed := 0
	for i := range 10_000 {
		if take(t, l, fmt.Sprint("t", i), limit) == nil {
			passed++
		}
	}
	if passed > 2*shards {
		t.Errorf("passed without room to count them: got %d, want at most one and a crowd for each shard", passed)
	}
}

func TestManyMarksAreKeptInFewer(t *testing.T) {
	t.Parallel()
	var w window
	const length = int64(time.Minute / time.Microsecond)
	for now := range int64(100_000) {
		w = w.since(now*1000, length).add(now*1000, 1, length)
	}
	if len(w) > exactMarks+fineness+1 {
		t.Errorf("marks: got %d, want at most %d", len(w), exactMarks+fineness+1)
	}
}

func TestTheModuleAddsItsScheme(t *testing.T) {
	t.Parallel()
	type limiters struct {
		fx.In
		Adapters []application.LimiterAdapter `group:"limiters"`
	}
	app := fx.New(fx.NopLogger, Module, fx.Invoke(func(in limiters) {
		if len(in.Adapters) != 1 || in.Adapters[0].Scheme != "memory" {
			t.Fatalf("got %v, want the one of memory", in.Adapters)
		}
		l, err := in.Adapters[0].Open(t.Context(), application.LimiterConfig{URL: "memory:", Clock: still{}})
		if err != nil || l == nil {
			t.Errorf("Open: got %v, %v, want a limiter", l, err)
		}
	}))
	if err := app.Err(); err != nil {
		t.Error(err)
	}
}
