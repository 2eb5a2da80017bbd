package memlimit

import "github.com/sallyport-auth/sallyport/application"

// left returns how much of the limit the entry has left.
func (e *entry) left(now int64, limit application.Limit) int {
	if limit.Burst > 0 {
		return e.bucket.left(now, limit)
	}
	e.window = e.window.since(now, limit.Window.Microseconds())
	return limit.Count - e.window.used()
}

// free returns when an entry that has nothing left has one again.
func (e *entry) free(limit application.Limit) int64 {
	if limit.Burst > 0 {
		return e.bucket.free(limit)
	}
	return e.window.free(limit)
}

// more returns when the entry has one more left than now.
func (e *entry) more(now int64, limit application.Limit) int64 {
	if limit.Burst > 0 {
		return e.bucket.more(now, limit)
	}
	return e.window.more(now, limit)
}

func (e *entry) take(now int64, limit application.Limit) {
	if limit.Burst > 0 {
		e.bucket = e.bucket.take(now, limit)
		e.over = int64(e.bucket)
	} else {
		e.window = e.window.add(now, 1, limit.Window.Microseconds())
		e.over = e.window[len(e.window)-1].at + limit.Window.Microseconds()
	}
	if e.left(now, limit) < 1 {
		e.until = e.free(limit)
	}
}
