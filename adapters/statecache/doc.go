// Package statecache answers "what is this session now" from memory, and is
// never wrong for longer than the change feed's bound: it wraps the
// StateReader port, and asks storage for what it does not know.
//
// The protocol. The cache counts positions: each change gets the next one, and
// stamps with it what changed. A load notes the position at which it starts,
// and asks storage after that. What it found is valid as long as none of its
// four stamps (the session's, its user's, all roles', everything's) is above
// that start: a change that came too late to be seen by the load has stamped
// something higher. Nothing needs to be dropped, and nothing can be missed by a
// race between loading and dropping.
//
// Stamps live in a fixed number of stripes, by a hash of what changed. Two
// things that share a stripe cost each other a reload, no more.
//
// Changes made through this process are stamped before the write returns.
// Those of other processes come by the change feed, whose beats say up to when
// it has delivered everything. When the last beat is too old, by the wall clock
// or by the monotonic one, or the feed says that it was cut, nothing is valid:
// every request asks storage, and waits only for a load that began after it
// arrived. It waits at most 50 ms for an older one to end, so that a crowd
// shares the next.
//
// It keeps no idle expiry and no generation: a refresh announces nothing.
package statecache
