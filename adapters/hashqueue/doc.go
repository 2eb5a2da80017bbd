// Package hashqueue runs the work of hashing passwords on a few threads of low
// priority, so that hashing takes every idle cycle and nobody else's.
//
// Each worker is an OS thread of the lowest priority where the system has
// that (Linux), one for each core; elsewhere there are fewer of them than
// cores. The runtime needs spare Ps for it (GOMAXPROCS above the number of
// workers), or the scheduler itself would wait for a hash to finish.
//
// Waiting is fair between clients: each has a line of its own, and the workers
// go round the lines. What would wait longer than the deadline is refused at
// once; a waiter that gave up is taken out, and its work never runs.
package hashqueue
