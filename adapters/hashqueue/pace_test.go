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
		{60 * time.Second, 114 * time.Second}, // half as long counts half
	} {
		if got := took(c.took); got.Round(time.Millisecond) != c.want {
			t.Errorf("after a work of %v: got a mean of %v, want %v", c.took, got, c.want)
		}
	}
}

func TestWorksThatGiveTheirTurnBackDoNotHideHowLongOthersTake(t *testing.T) {
	t.Parallel()
	p, now := newPace(1), time.Time{}.Add(time.Hour)
	run := func(d time.Duration) {
		p.begin(0, now)
		now = now.Add(d)
		p.end(0, now)
	}
	run(250 * time.Millisecond)
	for range 100 { // tries at an account that has as many running as may fail
		run(50 * time.Microsecond)
	}
	if p.mean < 200*time.Millisecond {
		t.Errorf("the mean is %v after 100 works of 50 µs, want it still near 250 ms: nobody would be refused in time", p.mean)
	}
}
