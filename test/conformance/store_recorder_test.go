package conformance_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

// recorder is a test that keeps its failures to itself.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.note(fmt.Sprint(args...)) }

func (r *recorder) Errorf(format string, args ...any) { r.note(fmt.Sprintf(format, args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func (r *recorder) note(failure string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, failure)
}

// failuresOf runs the case of that name on s and returns what it reports.
func failuresOf(t *testing.T, name string, s application.Storage) []string {
	t.Helper()
	cases := conformance.StoreCases()
	i := slices.IndexFunc(cases, func(c conformance.Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no case %q", name)
	}
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		cases[i].Run(r, s)
	}()
	<-done
	return r.failures
}

func TestCaseNamesAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range conformance.StoreCases() {
		if seen[c.Name] || strings.TrimSpace(c.Name) == "" || c.Run == nil {
			t.Errorf("case %q: got it twice or empty, want each once", c.Name)
		}
		seen[c.Name] = true
	}
}
