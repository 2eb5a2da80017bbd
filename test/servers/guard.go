package servers

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// guard runs a shell script if this process dies, by whatever cause, before the guard is released. It is a shell in a
// session of its own, out of reach of what a terminal or a CI job sends to our process group; its standard input is a
// pipe from us, which the system closes when we are gone. Unlike Linux's parent death signal it does not depend on
// which thread started the server, can do more than one thing, and works on every Unix.
type guard struct {
	cmd  *exec.Cmd
	pipe *os.File
}

func newGuard(script string, args ...string) (*guard, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open the pipe of a guard: %w", err)
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", "if read -r _; then exit 0; fi\n" + script, "guard"}, args...)...)
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("start a guard: %w", err)
	}
	return &guard{cmd: cmd, pipe: w}, nil
}

// release ends the guard without its script being run.
func (g *guard) release() {
	if g == nil {
		return
	}
	_, _ = g.pipe.WriteString("\n")
	_ = g.pipe.Close()
	_ = g.cmd.Wait()
}
