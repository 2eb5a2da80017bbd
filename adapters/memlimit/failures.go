package memlimit

import (
	"slices"

	"github.com/sallyport-auth/sallyport/application"
)

// failures is how a Backoff stands.
type failures struct {
	recent  window // none while waits > 0
	waits   int    // in a row
	until   int64  // when the last wait ends
	running []lease
}

// A lease is a reserved attempt that counts as a failure once it is over.
type lease struct {
	id   string
	over int64
}

// at brings the failures up to now.
func (f *failures) at(now int64, b application.Backoff) {
	f.running = slices.DeleteFunc(f.running, func(l lease) bool {
		if l.over > now {
			return false
		}
		f.fail(l.over, b)
		return true
	})
	if f.waits > 0 && now >= f.forgotten(b) {
		f.clear()
	}
	f.recent = f.remembered(now, b)
}

// remembered returns the failures in a row that still count at now.
func (f *failures) remembered(now int64, b application.Backoff) window {
	if now >= f.fades(b) {
		return nil
	}
	return f.recent.since(now, b.Window.Microseconds())
}

// fades returns when the failures in a row are all forgotten.
func (f *failures) fades(b application.Backoff) int64 {
	if len(f.recent) == 0 {
		return 0
	}
	return f.recent[len(f.recent)-1].at + b.Memory(f.recent.used()).Microseconds()
}

// forgotten returns when the waits are forgotten.
func (f *failures) forgotten(b application.Backoff) int64 {
	if b.Grows() {
		return f.until + b.Window.Microseconds()
	}
	return f.until
}

func (f *failures) clear() { f.recent, f.waits = nil, 0 }

func (f *failures) fail(now int64, b application.Backoff) {
	switch {
	case now < f.until: // nothing is worse than the wait
		return
	case f.waits == 0:
		f.recent = f.remembered(now, b).add(now, 1, b.Window.Microseconds())
		if f.recent.used() < b.Count {
			return
		}
	}
	f.recent = nil
	f.waits++
	f.until = now + b.Wait(f.waits).Microseconds()
}

// allowed returns how many may still fail before the next wait.
func (f *failures) allowed(b application.Backoff) int {
	if f.waits > 0 {
		return 1
	}
	return b.Count - f.recent.used()
}

// full reports whether as many run as may.
func (f *failures) full(b application.Backoff) bool {
	most := f.allowed(b)
	if b.Parallel > 0 {
		most = min(most, b.Parallel)
	}
	return len(f.running) >= most
}

// settle takes a reservation back, and reports whether it was there.
func (f *failures) settle(id string) bool {
	n := len(f.running)
	f.running = slices.DeleteFunc(f.running, func(l lease) bool { return l.id == id })
	return len(f.running) < n
}

// lasts returns when the failures mean nothing any more.
func (f *failures) lasts(b application.Backoff) int64 {
	end := f.fades(b)
	if f.waits > 0 || f.until > 0 {
		end = max(end, f.forgotten(b))
	}
	for _, l := range f.running {
		end = max(end, l.over+b.Memory(f.recent.used()+1).Microseconds())
	}
	return end
}
