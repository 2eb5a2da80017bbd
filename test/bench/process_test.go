package bench

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sallyport-auth/sallyport/test/servers"
)

// cpu returns the CPU time that processes have used so far, all threads, in
// user and kernel mode, to the nanosecond (clock_getcpuclockid(3)).
func cpu(b *testing.B, pids ...int) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, pid := range pids {
		var used unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|2), &used); err != nil {
			b.Fatalf("CPU clock of process %d: %v", pid, err)
		}
		sum += time.Duration(used.Nano())
	}
	return sum
}

// resident returns the memory that a process holds, in MiB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatalf("process %d has no VmRSS", pid)
	return 0
}

// family returns a process and its children.
func family(b *testing.B, parent int) []int {
	b.Helper()
	pids := []int{parent}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		b.Fatal(err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for field := range bytes.FieldsSeq(text) {
			pid, err := strconv.Atoi(string(field))
			if err != nil {
				b.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

var buildNoop = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sallyport-noop-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "noop")
	cmd := exec.Command("go", "build", "-o", path, "./noop")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

func removeNoop() {
	if path, err := buildNoop(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}

// startNoop runs the bare Echo server until the benchmark ends, with what else
// it is told.
func startNoop(b *testing.B, arguments ...string) (address string, pid int) {
	b.Helper()
	path, err := buildNoop()
	if err != nil {
		b.Fatalf("build the no-op: %v", err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", servers.FreePort(b))
	cmd := exec.Command(path, append([]string{addr}, arguments...)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatalf("start the no-op: %v", err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return "http://" + addr, cmd.Process.Pid
		}
	}
	b.Fatal("the no-op did not listen after 10 s")
	return "", 0
}
