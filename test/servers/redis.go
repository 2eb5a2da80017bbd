package servers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a Redis (or Valkey) server without persistence: a restart forgets everything.
type RedisServer struct{ Server }

// RedisPrograms returns the servers of that protocol that are installed, Redis and Valkey, at least one.
func RedisPrograms(t testing.TB) []string {
	t.Helper()
	return findAll(t, "redis-server", "valkey-server")
}

// Redis starts a server for this test alone.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	return RedisBy(t, RedisPrograms(t)[0])
}

// RedisBy is Redis by one of RedisPrograms.
func RedisBy(t testing.TB, program string) *RedisServer {
	t.Helper()
	s := &RedisServer{}
	s.name, s.dir, s.stop = "redis", folder(t, "redis"), syscall.SIGTERM
	s.command = func(port int) []string {
		return []string{program, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", s.dir,
			"--save", "", "--appendonly", "no"}
	}
	s.ready = s.ping
	s.begin(t)
	t.Cleanup(s.remove)
	return s
}

// URL returns where the server's first database is, as redis://….
func (s *RedisServer) URL() string { return "redis://" + s.Addr() + "/0" }

func (s *RedisServer) ping(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", s.Addr())
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && answer != "+PONG\r\n" {
		err = fmt.Errorf("answer to PING: %q", answer)
	}
	return err
}
