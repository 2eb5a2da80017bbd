// Package memlimit counts what is limited in the memory of one process: exact
// for one replica, and what others fall back to when their server is gone.
//
// Its memory is bounded. What must make room is what limits nobody at the
// moment: a wait or a budget that is used up stays until it is over, however
// much noise there is, and keys that find no room share one budget for each
// limit. It runs no goroutine and reads no clock but the one that it is given.
package memlimit
