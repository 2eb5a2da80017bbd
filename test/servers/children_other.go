//go:build !linux

package servers

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"syscall"
)

// children returns the processes that pid started and that still run.
func children(pid int) []int {
	table, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	var found []int
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		var child, parent int
		if _, err := fmt.Sscan(lines.Text(), &child, &parent); err == nil && parent == pid {
			found = append(found, child)
		}
	}
	return found
}

// running tells whether a process still runs.
func running(pid int) bool { return syscall.Kill(pid, 0) == nil }
