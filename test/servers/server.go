package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// Server is one running server. Its methods may be called in any order and from any goroutine.
type Server struct {
	name    string
	dir     string // all its files; ours to remove
	port    int
	command func(port int) []string
	stop    syscall.Signal                  // what it understands as: end now, in good order
	ready   func(ctx context.Context) error // nil once it serves

	mu      sync.Mutex
	cmd     *exec.Cmd // nil while it is down
	exited  chan struct{}
	guard   *guard // takes cmd and dir away if we die
	stalled []int  // the processes stopped by Stall
	thaw    *guard // lets them run again if we die, so that they notice that their parent is gone
}

// Addr is the address it listens on, as host:port. It stays the same over restarts.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// begin starts a server that was described but for its port, trying another port if somebody took the first meanwhile.
func (s *Server) begin(t testing.TB) {
	t.Helper()
	var err error
	for range 3 {
		s.port = FreePort(t)
		s.mu.Lock()
		err = s.start()
		s.mu.Unlock()
		if err == nil {
			return
		}
	}
	s.remove()
	t.Fatalf("start %s: %v", s.name, err)
}

func (s *Server) start() error {
	logfile, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer logfile.Close()
	argv := s.command(s.port)
	cmd := exec.Command(argv[0], argv[1:]...)
	// Not our own standard output: `go test` waits until whoever holds it is gone.
	cmd.Stdout, cmd.Stderr, cmd.Dir = logfile, logfile, s.dir
	cmd.SysProcAttr = unprivileged()
	cmd.SysProcAttr.Setpgid = true // an interrupt at the terminal is for the tests, which then stop the server
	if err := cmd.Start(); err != nil {
		return err
	}
	// The sleep lets what the server had started (the backends of PostgreSQL) notice that it is gone.
	guard, err := newGuard(`kill -KILL "$1"; sleep 1; rm -rf -- "$2"`, strconv.Itoa(cmd.Process.Pid), s.dir)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}()
	s.cmd, s.exited, s.guard = cmd, exited, guard

	if err := s.awaitReady(); err != nil {
		s.kill()
		return fmt.Errorf("%w; the end of its log:\n%s", err, s.logTail())
	}
	return nil
}

func (s *Server) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		err := s.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return errors.New("it ended instead of serving")
		case <-ctx.Done():
			return fmt.Errorf("not ready after %v: %w", startTimeout, err)
		case <-poll.C:
		}
	}
}

// Kill9 ends the server and every process of it as a crash would, by SIGKILL, and returns when they are gone.
func (s *Server) Kill9() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill()
}

// Stop ends the server in good order. Clients that are still connected are cut off.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
}

// Restart stops the server if it runs, starts it on the same port with the same data, and returns when it serves.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	if err := s.start(); err != nil {
		t.Fatalf("restart %s: %v", s.name, err)
	}
}

// Stall halts the server (SIGSTOP): connections stay open and new ones are accepted by the system, but nothing answers.
func (s *Server) Stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil && s.stalled == nil {
		s.freeze()
	}
}

// Resume undoes Stall.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resume()
}

func (s *Server) freeze() {
	s.stalled = []int{s.cmd.Process.Pid}
	_ = s.cmd.Process.Signal(syscall.SIGSTOP) // first, so that it starts no more children
	args := []string{strconv.Itoa(s.cmd.Process.Pid)}
	for _, child := range children(s.cmd.Process.Pid) {
		_ = syscall.Kill(child, syscall.SIGSTOP)
		s.stalled = append(s.stalled, child)
		args = append(args, strconv.Itoa(child))
	}
	s.thaw, _ = newGuard(`kill -CONT "$@"`, args...) // without one a stalled server may outlive us: no reason to fail
}

func (s *Server) resume() {
	for _, pid := range s.stalled {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	s.thaw.release()
	s.stalled, s.thaw = nil, nil
}

func (s *Server) kill() {
	if s.cmd == nil {
		return
	}
	if s.stalled == nil {
		s.freeze()
	}
	pids := s.stalled
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	s.gone()
	// A dying backend still holds the shared memory that the next start must find free.
	for deadline := time.Now().Add(stopTimeout); slices.ContainsFunc(pids, running) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

func (s *Server) end() {
	if s.cmd == nil {
		return
	}
	s.resume()
	_ = s.cmd.Process.Signal(s.stop)
	select {
	case <-s.exited:
		s.gone()
	case <-time.After(stopTimeout):
		s.kill()
	}
}

func (s *Server) gone() {
	<-s.exited
	s.thaw.release()
	s.guard.release()
	s.cmd, s.exited, s.guard, s.stalled, s.thaw = nil, nil, nil, nil, nil
}

// remove ends the server and deletes its files.
func (s *Server) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill() // its data goes with it, so there is nothing to end in good order
	_ = os.RemoveAll(s.dir)
}

func (s *Server) logPath() string { return filepath.Join(s.dir, "server.log") }

func (s *Server) logTail() string {
	log, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-4096):])
}

// unprivileged makes a process run as an ordinary user: PostgreSQL and PgBouncer refuse to run as root.
func unprivileged() *syscall.SysProcAttr {
	uid, gid, root := servant()
	if !root {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
}

// servant returns whom servers run as if we are root.
func servant() (uid, gid uint32, root bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		u, errUID := strconv.ParseUint(account.Uid, 10, 32)
		g, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return uint32(u), uint32(g), true
		}
	}
	return 65534, 65534, true
}

// folder makes a server's folder, owned by whom the server runs as. Not t.TempDir: that one is closed to other users.
func folder(t testing.TB, name string) string {
	t.Helper()
	base := os.TempDir()
	uid, gid, root := servant()
	if root {
		base = "/tmp" // TMPDIR may lie where only root can go
	}
	dir, err := os.MkdirTemp(base, "sallyport-"+name+"-") //nolint:usetesting // see above
	if err == nil && root {
		err = os.Chown(dir, int(uid), int(gid))
	}
	if err != nil {
		t.Fatalf("make a folder for %s: %v", name, err)
	}
	return dir
}
