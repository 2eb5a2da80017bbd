//go:build !linux

package hashqueue

// lowPriority says whether a thread can be told to yield to all others.
const lowPriority = false

func lowerPriority() {}
