package application

import (
	"strings"
	"time"
)

// Budget is one limit of one key. Keys are opaque. All keys of one call carry
// the same tag, the text between their first braces, so that a sharded limiter
// finds them in one place.
type Budget struct {
	Key   string
	Limit Limit
}

// Backoff bounds failures: Count within Window, then a wait of FirstWait, and
// twice as long a wait after each further failure, up to MaxWait. It forgets
// everything one Window after the last wait; where waits do not grow (FirstWait
// is MaxWait) at the end of each.
type Backoff struct {
	Limit
	FirstWait, MaxWait time.Duration
	// Parallel is how many attempts may run at once; 0: as many as may fail.
	Parallel int
	// Fades forgets a row that is short of Count sooner than after a Window: n
	// failures when none has followed for n/Count of it. Failures at a pace that
	// would reach Count within a Window reach it all the same, and a limiter
	// that hears of many invented accounts keeps each for a short while alone.
	Fades bool
}

// Memory returns how long after the last of n failures they are remembered.
func (b Backoff) Memory(n int) time.Duration {
	if !b.Fades {
		return b.Window
	}
	return b.Window / time.Duration(b.Count) * time.Duration(n)
}

// Grows reports whether waits double.
func (b Backoff) Grows() bool { return b.FirstWait < b.MaxWait }

// Wait returns how long the nth wait in a row is; the first is 1.
func (b Backoff) Wait(n int) time.Duration {
	wait := b.FirstWait
	for ; n > 1 && wait < b.MaxWait; n-- {
		wait *= 2
	}
	return min(wait, b.MaxWait)
}

// FailureBudget is a Backoff of one key.
type FailureBudget struct {
	Key     string
	Backoff Backoff
}

// Attempt is one try at an account's password, with the budgets that it may
// use up. All keys carry the account's tag.
type Attempt struct {
	ID     string          // of this attempt alone
	Always []FailureBudget // the account's, from this client
	// Stranger is the account's from everywhere. It holds for clients that are
	// not known; a known one has Own instead, so that a stranger can't lock
	// the owner out.
	Stranger, Own FailureBudget
	// Known is the key of the mark that a success leaves for KnownFor.
	Known    string
	KnownFor time.Duration
}

// Tag returns the text between the first braces of an attempt's keys.
func (a Attempt) Tag() string { return Tag(a.Stranger.Key) }

// Tag returns the text between the first braces of a key, or the whole key.
func Tag(key string) string {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok {
			return tag
		}
	}
	return key
}

// ReservationLease is how long a reserved attempt may go without its outcome;
// then it counts as a failure: whoever reserved it has died.
const ReservationLease = 30 * time.Second

// AttemptOutcome is what became of a reserved attempt.
type AttemptOutcome int

// The outcomes of an attempt.
const (
	AttemptFailed    AttemptOutcome = iota // it counts
	AttemptSucceeded                       // refunded, earlier failures forgotten, the client known
	AttemptVoid                            // refunded: nothing was learned
)
