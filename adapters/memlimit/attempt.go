package memlimit

import (
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

// attempt is an Attempt with the entries of its budgets, brought up to now.
type attempt struct {
	application.Attempt
	shard *shard
	now   int64
	known bool

	always        []budget
	stranger, own budget
}

type budget struct {
	application.Backoff
	*entry
}

func (s *shard) attempt(a application.Attempt, now int64) attempt {
	t := attempt{Attempt: a, shard: s, now: now}
	if e, ok := s.entries[a.Known]; ok && e.known && now < e.over {
		e.turn = s.turn
		t.known = true
	}
	for _, b := range a.Always {
		t.always = append(t.always, s.budget(b, now))
	}
	t.stranger = s.budget(a.Stranger, now)
	if _, ok := s.entries[a.Own.Key]; ok || t.known {
		t.own = s.budget(a.Own, now)
	} else {
		t.own = budget{a.Own.Backoff, &entry{}} // of a stranger: nothing to keep
	}
	return t
}

func (s *shard) budget(b application.FailureBudget, now int64) budget {
	e := s.entry(b.Key, b.Backoff.Name, now)
	e.failures.at(now, b.Backoff)
	return budget{b.Backoff, e}
}

// budgets returns those that hold for this attempt.
func (t attempt) budgets() []budget {
	last := t.stranger
	if t.known {
		last = t.own
	}
	return append(append([]budget{}, t.always...), last)
}

// refusal names the budget that makes the attempt wait the longest.
func (t attempt) refusal() error {
	longest, limit := time.Duration(0), application.Limit{}
	for _, b := range t.budgets() {
		if wait := duration(b.failures.until - t.now); wait > longest {
			longest, limit = wait, b.Limit
		}
	}
	if longest == 0 {
		return nil
	}
	return limit.Exceeded(longest)
}

func (t attempt) full() bool {
	for _, b := range t.budgets() {
		if b.failures.full(b.Backoff) {
			return true
		}
	}
	return false
}

func (t attempt) settle(outcome application.AttemptOutcome) {
	charged := t.budgets()
	last := &charged[len(charged)-1]
	for _, b := range []budget{t.stranger, t.own} {
		if b.failures.settle(t.ID) {
			*last = b // it may have become known meanwhile
		}
	}
	for _, b := range t.always {
		b.failures.settle(t.ID)
	}
	switch outcome {
	case application.AttemptFailed:
		for _, b := range charged {
			b.failures.fail(t.now, b.Backoff)
		}
	case application.AttemptSucceeded:
		for _, b := range append(t.always, t.stranger, t.own) {
			b.failures.clear()
		}
		t.shard.know(t.Attempt, t.now)
	case application.AttemptVoid:
	}
	for _, b := range append(t.always, t.stranger, t.own) {
		b.save(t.now)
	}
}

// save notes until when an entry matters, and until when it must not go.
func (b budget) save(now int64) {
	b.over = b.failures.lasts(b.Backoff)
	b.until = b.failures.until
	if len(b.failures.running) > 0 {
		b.until = max(b.until, now+application.ReservationLease.Microseconds())
	}
}

// know marks the attempt's client as known to its account.
func (s *shard) know(a application.Attempt, now int64) {
	if a.Known == "" {
		return
	}
	e := s.entry(a.Known, "", now)
	e.known, e.over = true, now+a.KnownFor.Microseconds()
}
