package servers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// children returns the processes that pid started and that still run.
func children(pid int) []int {
	folders, _ := filepath.Glob("/proc/[0-9]*") // the only error is a bad pattern
	var found []int
	for _, folder := range folders {
		child, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		if state, parent := status(child); parent == pid && state != zombie {
			found = append(found, child)
		}
	}
	return found
}

// running tells whether a process still runs: one that ended and only waits to be read by its parent does not.
func running(pid int) bool {
	state, _ := status(pid)
	return state != "" && state != zombie
}

const zombie = "Z"

// status returns a process's state and parent; an empty state means that there is no such process.
func status(pid int) (state string, parent int) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	// proc(5): "pid (name) state ppid …", and the name may hold anything, so look behind its last parenthesis.
	_, _ = fmt.Sscan(string(line[bytes.LastIndexByte(line, ')')+1:]), &state, &parent)
	return state, parent
}
