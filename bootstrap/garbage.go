package bootstrap

import (
	"os"
	"runtime/debug"
)

// ballastBytes is added to what lives on the heap when the collector decides
// how much garbage to let gather. It is never touched, so it takes no memory.
const ballastBytes = 64 << 20

// collectRarely lets about ballastBytes of garbage gather before it is
// collected. What lives here is a few MiB: by the collector's own rule a busy
// server would collect dozens of times a second, and spend a quarter of its CPU
// on it. A multiple (GOGC) would not do instead: it would multiply a full cache.
// Whoever sets GOGC or GOMEMLIMIT knows better.
//
// It is called after the start, whose own garbage it gives back to the system.
// What it returns must be kept for as long as that shall hold.
func collectRarely() (ballast []byte) {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		ballast = make([]byte, ballastBytes)
	}
	debug.FreeOSMemory()
	return ballast
}
