package hashqueue

import "golang.org/x/sys/unix"

// lowPriority says whether a thread can be told to yield to all others.
const lowPriority = true

// lowerPriority gives the calling thread the lowest priority. On Linux a
// "process" of setpriority(2) is a thread, and 0 the calling one. Raising the
// niceness is always allowed.
func lowerPriority() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, 19) }
