package hashqueue

import (
	"syscall"
	"testing"
)

func TestWorkRunsAtTheLowestPriorityAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	nice := func() int {
		kernel, err := syscall.Getpriority(syscall.PRIO_PROCESS, syscall.Gettid())
		if err != nil {
			t.Errorf("getpriority: %v", err)
		}
		return 20 - kernel // the system call answers 20 - nice
	}
	q := open(t, Config{Workers: 2})
	before, got := nice(), 0
	for range 4 {
		if err := q.Do(t.Context(), "a", func() { got = nice() }); err != nil || got != lowest {
			t.Errorf("a work: got nice %d, %v, want %d", got, err, lowest)
		}
	}
	q.Close()
	for range 20 {
		seen := make(chan int)
		go func() { seen <- nice() }()
		if got := <-seen; got != before {
			t.Errorf("another goroutine: got nice %d, want %d", got, before)
		}
	}
}
