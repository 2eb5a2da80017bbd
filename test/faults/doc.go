// Package faults is a TCP proxy that breaks the line between a client and a server on demand: it delays, goes silent,
// resets, refuses and cuts, and it knows enough of PostgreSQL's protocol to let a statement take effect and lose the
// answer to it, the fault that no timeout can tell from a failure.
//
// It never alters what it delivers, and never sleeps for luck: a fault is there when the call that arms it returns.
package faults
