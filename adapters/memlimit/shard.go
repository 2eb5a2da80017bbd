package memlimit

import "sync"

// entry is what is known of one key: one of its parts is in use.
type entry struct {
	window   window
	bucket   bucket
	failures failures
	known    bool

	turn  int64 // of the call that used it last
	until int64 // it limits somebody, and must not make room
	over  int64 // it means nothing any more
}

// shard keeps the entries of some tags under one lock, so that one call's keys
// change together.
type shard struct {
	mu      sync.Mutex
	entries map[string]*entry
	limit   int   // of entries
	packed  int64 // until then every entry limits somebody
	turn    int64 // of the call that holds the lock
}

// sample is how many entries are looked at to find one that makes room.
const sample = 16

// entry returns the entry of a key. One that finds no room gets that of its
// crowd, which all such keys share.
func (s *shard) entry(key, crowd string, now int64) *entry {
	e, ok := s.entries[key]
	if !ok && len(s.entries) >= s.limit && !s.makeRoom(now) {
		key = crowd
		e, ok = s.entries[key]
	}
	if !ok {
		e = &entry{}
		s.entries[key] = e
	}
	e.turn = s.turn
	return e
}

// makeRoom removes an entry that means nothing any more, or of a few the one
// that was used least recently among those that limit nobody; the mark of a
// known client only for want of others. Only when there is none among the few
// does it look at all. What the call that holds the lock uses stays.
func (s *shard) makeRoom(now int64) bool {
	if now < s.packed {
		return false
	}
	var victim *entry
	name, seen, soonest := "", 0, now+1
	for key, e := range s.entries {
		seen++
		switch {
		case e.turn == s.turn:
		case e.over <= now:
			delete(s.entries, key)
			return true
		case e.until > now:
			if soonest == now+1 || e.until < soonest {
				soonest = e.until
			}
		case victim == nil, e.known != victim.known && victim.known, e.known == victim.known && e.turn < victim.turn:
			victim, name = e, key
		}
		if seen >= sample && victim != nil {
			break
		}
	}
	if victim == nil {
		s.packed = soonest
		return false
	}
	delete(s.entries, name)
	return true
}
