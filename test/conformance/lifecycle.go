package conformance

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
)

const (
	// lifecycleSeed is the same for every storage, so that all of them go
	// through the same lives. -rapid.seed asks for others.
	lifecycleSeed = 20260301
	// lifecycleChecks is how many lives one storage goes through.
	lifecycleChecks = 12
	// lifecycleMost is how many there are without being asked for more.
	lifecycleMost = 60
	// lifecycleSteps is how long a life is on average.
	lifecycleSteps = 40
)

// TestLifecycle leads accounts, sessions, roles and API keys through random
// lives (the real use cases and tokens, over the storage that open returns),
// beside a model that says what must come of each step. After each step all
// that is stored, and all that was ever issued, must be as the model has it.
// The model's invariants, as failures name them:
//
//   - I1 A session has at most one live successor of a refresh token.
//   - I2 Its generation only rises.
//   - I3 Reuse outside the grace ends it for good, across restarts.
//   - I4 A refused refresh changes no other session.
//   - I5 There is no access after an expiry, nor after a revocation by more
//     than the change feed's bound.
//   - I6 Who is disabled or deleted may nothing.
//   - I7 Authority is that of the current roles; a key's is its own.
//   - I8 At least one admin is active.
//   - I9 A mailed token works at most once.
//   - I10 A canonical address is one account's.
//   - I11 No more is hashed than was admitted.
//   - I12 Each change has its audit row, committed with it.
//   - I13 An absolute expiry never moves.
//   - I14 Sweeping forgets no reuse.
//   - I15 After an error of the infrastructure the state is the one before or
//     the one after, and no answer says that a credential is wrong.
//
// The lives are the same for every storage. The environment's
// LIFECYCLE_CHECKS says how many there are.
func TestLifecycle(t *testing.T, open func(t *testing.T) application.Storage) {
	lead(t, open(t), wanted(lifecycleChecks), alterations{})
}

// wanted is how many lives to lead: n, if the environment says nothing.
func wanted(n int) int {
	if asked, err := strconv.Atoi(os.Getenv("LIFECYCLE_CHECKS")); err == nil {
		return asked
	}
	return n
}

// lead goes through the first n lives, and reports the first that goes wrong.
func lead(t rapid.TB, storage application.Storage, n int, altered alterations) {
	t.Helper()
	prepareRapid()
	led, wrong := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		if led++; led > n && !wrong {
			return // as many as were asked for; rapid's own count is one for all storages
		}
		defer func() { wrong = wrong || rt.Failed() }()
		newLife(rt, storage, altered, func(what string) {
			wrong = true
			rt.Fatalf("%s", what)
		}).run(rt)
	})
}

// firstWrong goes through up to n lives and returns what went wrong first, or
// nothing. It reports no failure, and makes none smaller.
func firstWrong(t rapid.TB, storage application.Storage, n int, altered alterations) (found string) {
	t.Helper()
	prepareRapid()
	led := 0
	rapid.Check(t, func(rt *rapid.T) {
		if led++; led > n || found != "" {
			return
		}
		defer func() {
			if r := recover(); r != nil {
				wrong, ok := r.(wentWrong)
				if !ok {
					panic(r)
				}
				found = fmt.Sprintf("life %d: %s", led, string(wrong))
			}
		}()
		newLife(rt, storage, altered, func(what string) { panic(wentWrong(what)) }).run(rt)
	})
	return found
}

// wentWrong is what ends a life that nobody is to be told of.
type wentWrong string

var rapidPrepared sync.Once

// prepareRapid fixes what rapid takes from flags, unless somebody set it.
func prepareRapid() {
	rapidPrepared.Do(func() {
		set := map[string]bool{}
		flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
		for name, value := range map[string]int{
			"rapid.seed": lifecycleSeed, "rapid.steps": lifecycleSteps, "rapid.checks": wanted(lifecycleMost),
		} {
			if !set[name] {
				must(flag.Set(name, strconv.Itoa(value)))
			}
		}
		if !set["rapid.nofailfile"] {
			must(flag.Set("rapid.nofailfile", "true")) // the seed is enough
		}
	})
}

// must is for what can't go wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
