//go:build !linux

package hashqueue

// givesWay is false where a thread can't be given a priority of its own.
const givesWay = false

func giveWay() {}
