package conformance

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

const knownFor = 30 * 24 * time.Hour

var (
	pairLimit = application.Backoff{
		Limit:     application.Limit{Name: "pair", Count: 5, Window: 15 * time.Minute},
		FirstWait: time.Minute, MaxWait: 15 * time.Minute, Parallel: 4,
	}
	accountLimit = application.Backoff{
		Limit:     application.Limit{Name: "account", Count: 100, Window: 30 * 24 * time.Hour},
		FirstWait: time.Hour, MaxWait: time.Hour, Fades: true,
	}
)

func attemptOn(account, client string) application.Attempt {
	return application.Attempt{
		ID:       tokenID(),
		Always:   []application.FailureBudget{{Key: "p{" + account + "}" + client, Backoff: pairLimit}},
		Stranger: application.FailureBudget{Key: "a{" + account + "}", Backoff: accountLimit},
		Own:      application.FailureBudget{Key: "a{" + account + "}" + client, Backoff: accountLimit},
		Known:    "k{" + account + "}" + client, KnownFor: knownFor,
	}
}

// reserve wants a reservation.
func (l *limited) reserve(t *testing.T, a application.Attempt) {
	t.Helper()
	if granted, err := l.Reserve(t.Context(), a); !granted || err != nil {
		t.Fatalf("Reserve: got %t, %v, want true", granted, err)
	}
}

func (l *limited) settle(t *testing.T, a application.Attempt, outcome application.AttemptOutcome) {
	t.Helper()
	require(t, "Settle", l.Settle(t.Context(), a, outcome))
}

// tries makes n attempts with one outcome, one after the other.
func (l *limited) tries(t *testing.T, n int, account, client string, outcome application.AttemptOutcome) {
	t.Helper()
	for range n {
		a := attemptOn(account, client)
		l.reserve(t, a)
		l.settle(t, a, outcome)
	}
}

// waits wants the next attempt to be refused for wait.
func (l *limited) waits(t *testing.T, account, client string, wait time.Duration) {
	t.Helper()
	a := attemptOn(account, client)
	wantLimited(t, "Look", l.Look(t.Context(), a), wait)
	granted, err := l.Reserve(t.Context(), a)
	wantLimited(t, "Reserve", err, wait)
	if granted {
		t.Errorf("Reserve: got true together with a refusal")
	}
}

// busy wants the next attempt to have to wait for a running one.
func (l *limited) busy(t *testing.T, account, client string) {
	t.Helper()
	if granted, err := l.Reserve(t.Context(), attemptOn(account, client)); granted || err != nil {
		t.Fatalf("Reserve: got %t, %v, want false, and no refusal", granted, err)
	}
}

// attackFrom makes failures from as many clients as it takes.
func (l *limited) attackFrom(t *testing.T, net string, account string, failures int) {
	t.Helper()
	for i := range failures {
		l.tries(t, 1, account, fmt.Sprint(net, ".", i), application.AttemptFailed)
	}
}

func failuresWait(t *testing.T, l *limited) {
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
	l.waits(t, "ada", "1", time.Minute)
	l.advance(time.Minute - time.Microsecond)
	l.waits(t, "ada", "1", time.Second)
	l.advance(time.Microsecond)
	l.tries(t, 1, "ada", "1", application.AttemptFailed)
	l.waits(t, "ada", "1", 2*time.Minute)
}

func failuresBackoff(t *testing.T, l *limited) {
	l.tries(t, 4, "ada", "1", application.AttemptFailed)
	for _, minutes := range []int{1, 2, 4, 8, 15, 15, 15} {
		wait := time.Duration(minutes) * time.Minute
		l.tries(t, 1, "ada", "1", application.AttemptFailed)
		l.waits(t, "ada", "1", wait)
		l.advance(wait)
	}
	a := attemptOn("ada", "1")
	l.reserve(t, a)
	l.busy(t, "ada", "1") // after a wait one at a time
	l.settle(t, a, application.AttemptVoid)
	l.advance(15 * time.Minute)
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
	l.waits(t, "ada", "1", time.Minute)
}

func failuresLeave(t *testing.T, l *limited) {
	l.tries(t, 3, "ada", "1", application.AttemptFailed)
	l.advance(10 * time.Minute)
	l.tries(t, 1, "ada", "1", application.AttemptFailed)
	l.advance(5 * time.Minute) // the first three are gone
	l.tries(t, 3, "ada", "1", application.AttemptFailed)
	require(t, "Look at four failures", l.Look(t.Context(), attemptOn("ada", "1")))
	l.tries(t, 1, "ada", "1", application.AttemptFailed)
	l.waits(t, "ada", "1", time.Minute)
}

func failuresApart(t *testing.T, l *limited) {
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
	l.tries(t, 5, "ada", "2", application.AttemptFailed)
	l.tries(t, 5, "bob", "1", application.AttemptFailed)
	require(t, "Look from elsewhere", l.Look(t.Context(), attemptOn("ada", "3")))
}

func successForgets(t *testing.T, l *limited) {
	for range 3 {
		l.tries(t, 4, "ada", "1", application.AttemptFailed)
		l.tries(t, 1, "ada", "1", application.AttemptSucceeded)
	}
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
	l.waits(t, "ada", "1", time.Minute)
}

func voidRefunds(t *testing.T, l *limited) {
	l.tries(t, 4, "ada", "1", application.AttemptFailed)
	l.tries(t, 10, "ada", "1", application.AttemptVoid)
	l.tries(t, 1, "ada", "1", application.AttemptFailed)
	l.waits(t, "ada", "1", time.Minute)
}

func reservationsBound(t *testing.T, l *limited) {
	var running []application.Attempt
	for range 4 {
		a := attemptOn("ada", "1")
		l.reserve(t, a)
		running = append(running, a)
	}
	l.busy(t, "ada", "1")
	l.reserve(t, attemptOn("ada", "2")) // another client
	l.settle(t, running[0], application.AttemptFailed)
	l.reserve(t, attemptOn("ada", "1"))
	l.busy(t, "ada", "1")

	l.tries(t, 3, "bob", "1", application.AttemptFailed)
	one, two := attemptOn("bob", "1"), attemptOn("bob", "1")
	l.reserve(t, one)
	l.reserve(t, two)
	l.busy(t, "bob", "1") // both may fail, and that would be five
	l.settle(t, one, application.AttemptFailed)
	l.busy(t, "bob", "1")
	l.settle(t, two, application.AttemptSucceeded)
	l.tries(t, 5, "bob", "1", application.AttemptFailed)
}

func reservationLease(t *testing.T, l *limited) {
	l.tries(t, 4, "ada", "1", application.AttemptFailed)
	lost := attemptOn("ada", "1")
	l.reserve(t, lost)
	l.advance(application.ReservationLease - time.Microsecond)
	l.busy(t, "ada", "1")
	l.advance(time.Microsecond)
	l.waits(t, "ada", "1", time.Minute)
	l.settle(t, lost, application.AttemptFailed) // late, and no worse
	l.waits(t, "ada", "1", time.Minute)
}

func waitOutlastsSuccess(t *testing.T, l *limited) {
	late := attemptOn("ada", "1")
	l.reserve(t, late)
	l.tries(t, 4, "ada", "1", application.AttemptFailed)
	l.advance(application.ReservationLease) // it counts as the fifth
	l.waits(t, "ada", "1", time.Minute)
	l.settle(t, late, application.AttemptSucceeded)
	l.waits(t, "ada", "1", time.Minute)
	l.advance(time.Minute)
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
}

// storm makes n attempts at once that ask until they are granted or refused,
// and returns how many were granted and the most that ran at one time.
func (l *limited) storm(t *testing.T, n int, attempt func(i int) application.Attempt, outcome application.AttemptOutcome) (granted, most int32) {
	t.Helper()
	var through, running, peak atomic.Int32
	together(n, func(i int) {
		a := attempt(i)
		for {
			ok, err := l.Reserve(t.Context(), a)
			if err != nil {
				return
			}
			if ok {
				break
			}
			time.Sleep(time.Millisecond) // as a caller does, between two questions
		}
		through.Add(1)
		now := running.Add(1)
		for high := peak.Load(); now > high && !peak.CompareAndSwap(high, now); high = peak.Load() {
		}
		time.Sleep(time.Millisecond) // the hash
		running.Add(-1)
		if err := l.Settle(t.Context(), a, outcome); err != nil {
			t.Errorf("Settle: %v", err)
		}
	})
	return through.Load(), peak.Load()
}

func parallelGuesses(t *testing.T, l *limited) {
	guess := func(int) application.Attempt { return attemptOn("ada", "1") }
	granted, most := l.storm(t, 200, guess, application.AttemptFailed)
	if granted != 5 || most > 4 {
		t.Errorf("200 guesses at once: got %d through, %d at one time, want 5, at most 4", granted, most)
	}
	l.waits(t, "ada", "1", time.Minute)
}

func parallelRight(t *testing.T, l *limited) {
	right := func(int) application.Attempt { return attemptOn("ada", "1") }
	granted, most := l.storm(t, 10, right, application.AttemptSucceeded)
	if granted != 10 || most > 4 {
		t.Errorf("10 right passwords at once: got %d through, %d at one time, want 10, at most 4", granted, most)
	}
}

func parallelEverywhere(t *testing.T, l *limited) {
	guess := func(i int) application.Attempt { return attemptOn("ada", fmt.Sprint(i)) }
	if granted, _ := l.storm(t, 150, guess, application.AttemptFailed); granted != 100 {
		t.Errorf("150 guesses from as many clients: got %d through, want 100", granted)
	}
	l.waits(t, "ada", "another", time.Hour)
}

func strangersLocked(t *testing.T, l *limited) {
	l.attackFrom(t, "net", "ada", 99)
	require(t, "Look after 99 failures", l.Look(t.Context(), attemptOn("ada", "new")))
	l.attackFrom(t, "other", "ada", 1)
	l.waits(t, "ada", "new", time.Hour)
	require(t, "Look at another account", l.Look(t.Context(), attemptOn("bob", "new")))
}

func knownClient(t *testing.T, l *limited) {
	l.tries(t, 1, "ada", "home", application.AttemptSucceeded)
	l.attackFrom(t, "net", "ada", 100)
	l.waits(t, "ada", "new", time.Hour)
	l.tries(t, 4, "ada", "home", application.AttemptFailed)
	l.tries(t, 1, "ada", "home", application.AttemptSucceeded)
	l.waits(t, "ada", "new", time.Hour) // the owner's success opens nothing for strangers
	l.tries(t, 5, "ada", "home", application.AttemptFailed)
	l.waits(t, "ada", "home", time.Minute)
}

func knownExpires(t *testing.T, l *limited) {
	l.tries(t, 1, "ada", "home", application.AttemptSucceeded)
	l.advance(knownFor - time.Microsecond)
	l.attackFrom(t, "net", "ada", 100)
	require(t, "Look within the time", l.Look(t.Context(), attemptOn("ada", "home")))
	l.advance(time.Microsecond)
	l.waits(t, "ada", "home", time.Hour)
}

func failureOfOneKnownMeanwhile(t *testing.T, l *limited) {
	late := attemptOn("ada", "home")
	l.reserve(t, late) // as a stranger
	l.tries(t, 1, "ada", "home", application.AttemptSucceeded)
	l.attackFrom(t, "net", "ada", 99)
	l.settle(t, late, application.AttemptFailed)
	l.waits(t, "ada", "new", time.Hour)
}

func rowBroken(t *testing.T, l *limited) {
	l.attackFrom(t, "net", "ada", 99)
	l.tries(t, 1, "ada", "home", application.AttemptSucceeded)
	l.attackFrom(t, "other", "ada", 99)
	require(t, "Look after 99 failures in a row", l.Look(t.Context(), attemptOn("ada", "new")))
}

func rowAnew(t *testing.T, l *limited) {
	l.attackFrom(t, "net", "ada", 100)
	l.advance(time.Hour)
	l.attackFrom(t, "other", "ada", 99)
	require(t, "Look", l.Look(t.Context(), attemptOn("ada", "new")))
	l.attackFrom(t, "third", "ada", 1)
	l.waits(t, "ada", "new", time.Hour)
}

func shortRowFades(t *testing.T, l *limited) {
	l.attackFrom(t, "net", "ada", 50)
	l.attackFrom(t, "net", "bob", 50)
	l.advance(accountLimit.Memory(50) - time.Microsecond)
	l.attackFrom(t, "other", "ada", 50)
	l.waits(t, "ada", "new", time.Hour)
	l.advance(time.Microsecond)
	l.attackFrom(t, "other", "bob", 50)
	require(t, "Look after a row that has faded", l.Look(t.Context(), attemptOn("bob", "new")))
}

func resetForgets(t *testing.T, l *limited) {
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
	l.attackFrom(t, "net", "ada", 95)
	l.tries(t, 5, "bob", "1", application.AttemptFailed)
	l.waits(t, "ada", "1", time.Hour)
	l.advance(time.Second)
	require(t, "Reset", l.Reset(t.Context(), attemptOn("ada", "mailbox")))
	l.advance(time.Second)
	l.waits(t, "bob", "1", 58*time.Second)
	l.tries(t, 4, "ada", "1", application.AttemptFailed)
	require(t, "Look after a reset", l.Look(t.Context(), attemptOn("ada", "1")))
	l.attackFrom(t, "other", "ada", 96)
	l.waits(t, "ada", "new", time.Hour)
	require(t, "Look from where it was reset", l.Look(t.Context(), attemptOn("ada", "mailbox")))
}

func waitNoise(t *testing.T, l *limited) {
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
	l.attackFrom(t, "net", "bob", 100)
	held := attemptOn("eve", "1")
	l.tries(t, 4, "cat", "1", application.AttemptSucceeded)
	l.reserve(t, held)
	l.noise(t)
	for range noiseKeys / 10 {
		l.tries(t, 1, tokenID(), "1", application.AttemptFailed)
	}
	l.waits(t, "ada", "1", time.Minute)
	l.waits(t, "bob", "new", time.Hour)
}

func lookCountsNothing(t *testing.T, l *limited) {
	for range 200 {
		require(t, "Look", l.Look(t.Context(), attemptOn("ada", "1")))
	}
	l.tries(t, 5, "ada", "1", application.AttemptFailed)
}

func ceiling(t *testing.T, l *limited) {
	wide := pairLimit
	wide.Count, wide.Parallel = 8, 0
	at := func(client string) application.Attempt {
		a := attemptOn("ada", client)
		a.Always = append(a.Always, application.FailureBudget{Key: "p{ada}net", Backoff: wide})
		return a
	}
	for i := range 8 {
		a := at(fmt.Sprint("net", i/4))
		l.reserve(t, a)
		l.settle(t, a, application.AttemptFailed)
	}
	wantLimited(t, "Look from a fresh client of the same network", l.Look(t.Context(), at("net9")), time.Minute)
	require(t, "Look from elsewhere", l.Look(t.Context(), attemptOn("ada", "else")))
}
