package conformance_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/memory"
)

// TestEachPlantedBugIsReported proves that the cases can fail: each is run on
// the reference storage, where it must find nothing, and on the same storage
// with one promise broken.
func TestEachPlantedBugIsReported(t *testing.T) {
	t.Parallel()
	for _, bug := range storeBugs {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			if got := failuresOf(t, bug.caughtBy, memory.New()); len(got) > 0 {
				t.Errorf("%q on a sound storage: got %q, want no failure", bug.caughtBy, got)
			}
			broken := &faulty{Storage: memory.New()}
			bug.plant(broken)
			if got := failuresOf(t, bug.caughtBy, broken); len(got) == 0 {
				t.Errorf("%q on a storage where %s: got no failure, want one", bug.caughtBy, bug.name)
			}
		})
	}
}
