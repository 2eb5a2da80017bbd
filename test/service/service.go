package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/servers"
)

// Service is a running binary.
type Service struct {
	URL    string // of the API
	OpsURL string // of the operations listener
	PID    int
	// Program is another binary to run, set before Run; empty: the stock one.
	Program string

	t      testing.TB
	dir    string
	env    []string
	cmd    *exec.Cmd
	log    logBuffer
	exited chan struct{}
}

// Secret is what every service of a test shares unless it is told otherwise.
const Secret = "f3a1c07e9b5d42688d10ce5f7a9b3e64"

// Start runs the service on a database until the test ends. Settings are
// SALLYPORT_* variables, as "NAME=value", without the prefix; by default
// hashing is as cheap as it can be, and limits are off.
func Start(t testing.TB, database string, settings ...string) *Service {
	t.Helper()
	s := Configure(t, database, settings...)
	s.Run()
	return s
}

// Configure prepares a service that Run starts.
func Configure(t testing.TB, database string, settings ...string) *Service {
	t.Helper()
	s := &Service{
		t: t, dir: t.TempDir(),
		URL:    fmt.Sprintf("http://127.0.0.1:%d", servers.FreePort(t)),
		OpsURL: fmt.Sprintf("http://127.0.0.1:%d", servers.FreePort(t)),
	}
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir,
		"SALLYPORT_ADDR=" + strings.TrimPrefix(s.URL, "http://"),
		"SALLYPORT_OPS_ADDR=" + strings.TrimPrefix(s.OpsURL, "http://"),
		"SALLYPORT_DATABASE_URL=" + database,
		"SALLYPORT_SECRET=" + Secret,
		"SALLYPORT_BCRYPT_COST=4",
		"SALLYPORT_RATE_LIMIT_URL=off:",
	}
	for _, setting := range settings {
		s.env = append(s.env, "SALLYPORT_"+setting)
	}
	t.Cleanup(s.end)
	return s
}

// Set changes a setting, without its prefix, of a service that does not run.
func (s *Service) Set(name, value string) {
	s.env = append(s.env, "SALLYPORT_"+name+"="+value) // the last one counts
}

// Run starts the process, and returns when it is ready.
func (s *Service) Run() {
	s.t.Helper()
	s.cmd = exec.Command(s.program(), "serve")
	s.cmd.Dir, s.cmd.Env = s.dir, s.env
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start the service: %v", err)
	}
	s.PID = s.cmd.Process.Pid
	exited := make(chan struct{})
	s.exited = exited
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // ExitCode says how it ended
		close(exited)
	}(s.cmd)
	s.WaitReady()
}

func (s *Service) program() string {
	if s.Program != "" {
		return s.Program
	}
	return Binary(s.t)
}

// WaitReady returns when /readyz says 200.
func (s *Service) WaitReady() {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case <-s.exited:
			s.t.Fatalf("the service ended with %d before it was ready:\n%s", s.cmd.ProcessState.ExitCode(), s.Log())
		default:
		}
		if s.readyz() == http.StatusOK {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("the service was not ready after 30 s:\n%s", s.Log())
}

func (s *Service) readyz() int {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.OpsURL+"/readyz", nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// Signal sends a signal to the process.
func (s *Service) Signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("signal the service: %v", err)
	}
}

// Kill9 ends the process as a crash would, and returns when it is gone.
func (s *Service) Kill9() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Stop asks the process to end, and returns its exit code.
func (s *Service) Stop() int {
	s.t.Helper()
	s.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		s.t.Errorf("the service still ran 20 s after SIGTERM")
		s.Kill9()
	}
	return s.cmd.ProcessState.ExitCode()
}

// Exited is closed when the process has ended.
func (s *Service) Exited() <-chan struct{} { return s.exited }

func (s *Service) end() {
	if s.cmd != nil && s.cmd.Process != nil {
		select {
		case <-s.exited:
		default:
			s.Kill9()
		}
	}
	if s.t.Failed() {
		s.t.Logf("log of the service at %s:\n%s", s.URL, s.Log())
	}
}

// Command runs the binary beside the service, with the same configuration, and
// returns what it printed and its exit code.
func (s *Service) Command(stdin string, args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	cmd := exec.Command(s.program(), args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	cmd.Stdin = strings.NewReader(stdin)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	_ = cmd.Run() // the exit code says how it ended
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// Log returns everything that the process printed.
func (s *Service) Log() string { return s.log.String() }

// Events returns the auth events of the log whose event is the one given.
func (s *Service) Events(event string) []map[string]any {
	var found []map[string]any
	for line := range strings.SplitSeq(s.Log(), "\n") {
		var e map[string]any
		if json.Unmarshal([]byte(line), &e) == nil && e["event"] == event {
			found = append(found, e)
		}
	}
	return found
}

// logBuffer is a buffer that a process writes while a test reads.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
