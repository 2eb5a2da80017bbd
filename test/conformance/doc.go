// Package conformance says what the ports promise, as tests that any adapter
// can run: one that passes is correct, whoever wrote it.
//
//	func TestConformance(t *testing.T) {
//		conformance.TestStore(t, func(t *testing.T) application.Storage { … })
//	}
//
// It knows domain, application and what it leads lives with (tokens, the state
// cache, the engine of kvstore), and nothing of how an adapter keeps its
// promises: no SQL. Stores get their times passed in; only what follows a
// change feed waits by the wall clock, and fails after minutes.
package conformance
