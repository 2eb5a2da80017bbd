// Package conformance says what the ports promise, as tests that any adapter
// can run: one that passes is correct, whoever wrote it.
//
//	func TestConformance(t *testing.T) {
//		conformance.TestStore(t, func(t *testing.T) application.Storage { … })
//	}
//
// It knows domain, application, the state cache and the engine of kvstore, and
// nothing of how an adapter keeps its promises: no SQL, no clock but the times
// that it passes in.
package conformance
