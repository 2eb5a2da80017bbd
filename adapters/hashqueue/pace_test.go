package hashqueue

import (
	"testing"
	"time"
)

func TestAnIdleWorkerHelpsOnlyWhoeverIsNext(t *testing.T) {
	t.Parallel()
	p, now := newPace(2), time.Time{}.Add(time.Hour)
	p.begin(0, now)
	for ahead, want := range []time.Duration{0, firstGuess, firstGuess * 3 / 2} {
		if got := p.wait(ahead, now); got != want {
			t.Errorf("one of two idle, %d ahead: got %v, want %v", ahead, got, want)
		}
	}
}

func TestTheMeanFollowsWhatIsMeasured(t *testing.T) {
	t.Parallel()
	p, now := newPace(1), time.Time{}.Add(time.Hour)
	took := func(d time.Duration) time.Duration {
		p.begin(0, now)
		now = now.Add(d)
		p.end(0, now)
		return p.mean
	}
	for _, c := range []struct{ took, want time.Duration }{
		{100 * time.Second, 100 * time.Second},
		{200 * time.Second, 120 * time.Second},
		{120 * time.Second, 120 * time.Second},
		{20 * time.Second, 100 * time.Second},
	} {
		if got := took(c.took); got.Round(time.Millisecond) != c.want {
			t.Errorf("after a work of %v: got a mean of %v, want %v", c.took, got, c.want)
		}
	}
}
