package hashqueue

import "syscall"

const (
	givesWay = true
	lowest   = 19
)

// giveWay lowers the priority of the calling thread alone: on Linux a nice
// value belongs to a thread. Where a sandbox forbids it, the work is done at
// the priority of everything else.
func giveWay() {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), lowest)
}
