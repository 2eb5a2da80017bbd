package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

var leaseCases = []Case{
	{"a lease has one holder, who may extend it, until its time is over", func(t testing.TB, s application.Storage) {
		acquire := func(what, name, holder string, now, until time.Duration, want bool) {
			t.Helper()
			got, err := s.Leases().Acquire(t.Context(), name, holder, noon.Add(now), noon.Add(until))
			same(t, what, got, err, want)
		}
		acquire("free", "sweep", "a", 0, time.Minute, true)
		acquire("held", "sweep", "b", time.Second, time.Hour, false)
		acquire("another lease", "outbox", "b", 0, time.Minute, true)
		acquire("extended", "sweep", "a", time.Second, 2*time.Minute, true)
		acquire("held beyond its first time", "sweep", "b", time.Minute, time.Hour, false)
		acquire("held to the last microsecond", "sweep", "b", 2*time.Minute-time.Microsecond, time.Hour, false)
		acquire("over", "sweep", "b", 2*time.Minute, time.Hour, true)
		acquire("lost", "sweep", "a", 2*time.Minute, time.Hour, false)
	}},
	{"a lease is released by its holder alone", func(t testing.TB, s application.Storage) {
		acquire := func(what, holder string, want bool) {
			t.Helper()
			got, err := s.Leases().Acquire(t.Context(), "sweep", holder, noon, noon.Add(time.Minute))
			same(t, what, got, err, want)
		}
		acquire("free", "a", true)
		succeed(t, "Release by another", s.Leases().Release(t.Context(), "sweep", "b"))
		acquire("still held", "b", false)
		succeed(t, "Release of nothing", s.Leases().Release(t.Context(), "nothing", "a"))
		succeed(t, "Release", s.Leases().Release(t.Context(), "sweep", "a"))
		acquire("released", "b", true)
	}},
	{"of several who want a lease one gets it, free or over", func(t testing.TB, s application.Storage) {
		for round := range 3 {
			now := noon.Add(time.Duration(round) * time.Hour)
			var outcomes tally
			together(8, func(i int) {
				outcomes.add(s.Leases().Acquire(t.Context(), "sweep", string(rune('a'+round*8+i)), now, now.Add(time.Minute)))
			})
			outcomes.want(t, "Acquire", map[string]int{"true": 1, "false": 7})
		}
	}},
}
