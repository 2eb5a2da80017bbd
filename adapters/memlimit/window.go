package memlimit

import "github.com/sallyport-auth/sallyport/application"

// Times in this package are microseconds since 1970.

// A mark is n things that happened at one time.
type mark struct {
	at int64
	n  int
}

// exactMarks is how many marks are kept at their very time. Beyond it times
// are rounded up, to a window's fineness-th part, so that a window of a
// million costs no more memory than one of a hundred, and never allows more.
const (
	exactMarks = 64
	fineness   = 64
)

// window is what happened in the last window, in order of time.
type window []mark

// since returns the window without what has left it.
func (w window) since(now, length int64) window {
	i := 0
	for i < len(w) && w[i].at+length <= now {
		i++
	}
	if i == len(w) {
		return nil
	}
	return w[i:]
}

func (w window) used() int {
	n := 0
	for _, m := range w {
		n += m.n
	}
	return n
}

func (w window) add(now int64, n int, length int64) window {
	if len(w) >= exactMarks {
		grain := max(1, length/fineness)
		now = (now + grain - 1) / grain * grain
	}
	if last := len(w) - 1; last >= 0 && w[last].at >= now {
		w[last].n += n
		return w
	}
	return append(w, mark{now, n})
}

// free returns when a window that is full has room again.
func (w window) free(limit application.Limit) int64 {
	return w[0].at + limit.Window.Microseconds()
}

// more returns when the window has room for one more than now.
func (w window) more(now int64, limit application.Limit) int64 {
	if len(w) == 0 {
		return now
	}
	return w[0].at + limit.Window.Microseconds()
}

// A bucket is the time at which a token bucket is full again: the generic cell
// rate algorithm, which needs no other state.
type bucket int64

// per returns how long one token takes to flow in.
func per(limit application.Limit) int64 {
	return max(1, limit.Window.Microseconds()/int64(limit.Count))
}

func (b bucket) left(now int64, limit application.Limit) int {
	full := int64(limit.Burst) * per(limit)
	return int((full - max(0, int64(b)-now)) / per(limit))
}

func (b bucket) take(now int64, limit application.Limit) bucket {
	return bucket(max(int64(b), now) + per(limit))
}

// free returns when the bucket holds a token.
func (b bucket) free(limit application.Limit) int64 {
	return int64(b) - int64(limit.Burst-1)*per(limit)
}

// more returns when the bucket holds one more token than now.
func (b bucket) more(now int64, limit application.Limit) int64 {
	if int64(b) <= now {
		return now
	}
	return now + (int64(b)-now-1)%per(limit) + 1
}
