package conformance_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

// mumbling is a storage that tells of changes otherwise than it promised.
type mumbling struct {
	*memory.Store
	say func(tell func(...application.Change)) func(...application.Change)
}

func (m *mumbling) OnChange(tell func(...application.Change)) { m.Store.OnChange(m.say(tell)) }

func keepingQuietAbout(kind application.ChangeKind) func(func(...application.Change)) func(...application.Change) {
	return func(tell func(...application.Change)) func(...application.Change) {
		return func(changes ...application.Change) {
			tell(slices.DeleteFunc(slices.Clone(changes), func(c application.Change) bool { return c.Kind == kind })...)
		}
	}
}

func later(tell func(...application.Change)) func(...application.Change) {
	return func(changes ...application.Change) {
		time.AfterFunc(700*time.Millisecond, func() { tell(changes...) })
	}
}

func backwards(tell func(...application.Change)) func(...application.Change) {
	return func(changes ...application.Change) {
		turned := slices.Clone(changes)
		slices.Reverse(turned)
		tell(turned...)
	}
}

func plainly(tell func(...application.Change)) func(...application.Change) { return tell }

// failing runs a case as it would be by itself, and returns what it reports.
func failing(t *testing.T, run func(t testing.TB)) []string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		run(r)
	}()
	<-done
	return r.failures
}

// TestAStorageThatTellsTooLittleOrTooLateIsReported proves that the suites of
// changes can fail, and that they find nothing where nothing is wrong.
func TestAStorageThatTellsTooLittleOrTooLateIsReported(t *testing.T) {
	t.Parallel()
	const (
		alone  = "a cache is right after each change by itself"
		inTx   = "a cache is right after each change in a transaction"
		random = "a cache is right whatever is changed while others read"
		heard  = "all that one replica changes the other hears of, in its order"
		beats  = "a beat comes after all that was committed before it was sent"
		order  = "a change in a transaction is heard when it is committed, and never when it is not"
	)
	for _, bug := range []struct {
		name     string
		say      func(func(...application.Change)) func(...application.Change)
		caughtBy []string
	}{
		{"nothing is wrong", plainly, nil},
		{"nobody hears of users", keepingQuietAbout(application.ChangedUser), []string{alone, inTx, random, heard, beats, order}},
		{"nobody hears of sessions", keepingQuietAbout(application.ChangedSession), []string{alone, inTx, heard, order}},
		{"nobody hears of roles", keepingQuietAbout(application.ChangedRole), []string{alone, inTx, heard}},
		{"nobody hears of API keys", keepingQuietAbout(application.ChangedAPIKey), []string{alone, inTx, heard}},
		{"nobody hears of signing keys", keepingQuietAbout(application.ChangedSigningKey), []string{heard}},
		{"the write returns before it is told", later, []string{alone, inTx, random, beats}},
		{"told backwards", backwards, []string{order}},
	} {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			runs := map[string]func(testing.TB){}
			for _, c := range conformance.StateReaderCases() {
				runs[c.Name] = func(t testing.TB) { c.Run(t, &mumbling{memory.New(), bug.say}) }
			}
			for _, c := range conformance.FeedCases() {
				s := &mumbling{memory.New(), bug.say}
				runs[c.Name] = func(t testing.TB) { c.Run(t, s, s) }
			}
			var all sync.WaitGroup // together, for they wait for beats most of the time
			for name, run := range runs {
				all.Go(func() {
					got, want := failing(t, run), slices.Contains(bug.caughtBy, name)
					if want && len(got) == 0 {
						t.Errorf("%q: found nothing, want it to find that %s", name, bug.name)
					} else if len(got) > 0 && bug.caughtBy == nil {
						t.Errorf("%q: found %q where nothing is wrong", name, got)
					}
				})
			}
			all.Wait()
		})
	}
}
