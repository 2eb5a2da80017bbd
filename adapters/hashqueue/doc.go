// Package hashqueue decides when a password may be hashed: as many at once as
// there are cores, on threads that give way to everything else, fairly between
// clients, and nobody waits for longer than is worth it.
//
// The workers are operating system threads of their own at the lowest
// priority: a request that hashes nothing gets its core at once, and whatever
// is left of the processor goes to logins. For that the Go scheduler needs
// room: bootstrap sets GOMAXPROCS to twice the cores, since a worker holds one
// of its slots also while the system runs something else in its place.
//
// A client is whatever its name says, usually an address. Its works run in the
// order of their arrival; clients take turns, so that one that sends a thousand
// delays another by one turn each.
//
// It hashes nothing itself, and does not limit how often anybody may try.
package hashqueue
