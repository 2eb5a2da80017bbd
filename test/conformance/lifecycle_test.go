package conformance_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

// TestTheLifeCycleHolds goes through more lives than TestLifecycle does, on the
// storage where they cost least.
func TestTheLifeCycleHolds(t *testing.T) {
	t.Parallel()
	conformance.Lead(t, memory.New(), conformance.LifecycleMost)
}
