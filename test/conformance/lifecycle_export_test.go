package conformance

import (
	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
)

// Alterations are mistakes to plant in a life.
type Alterations = alterations

// LifecycleMost is how many lives are led on memory.
const LifecycleMost = lifecycleMost

// FirstWrong returns what goes wrong first in up to n lives.
func FirstWrong(t rapid.TB, storage application.Storage, n int, altered Alterations) string {
	return firstWrong(t, storage, n, altered)
}

// Lead goes through n lives.
func Lead(t rapid.TB, storage application.Storage, n int) {
	lead(t, storage, wanted(n), alterations{})
}
