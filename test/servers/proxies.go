package servers

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// ProxyServer is an HTTP proxy.
type ProxyServer struct{ Server }

// URL returns where it listens.
func (s *ProxyServer) URL() string { return "http://" + s.Addr() }

// Nginx starts nginx for this test alone, with the server blocks that site
// returns for a port on 127.0.0.1.
func Nginx(t testing.TB, site func(port int) string) *ProxyServer {
	t.Helper()
	nginx := find(t, "nginx")
	return proxy(t, "nginx", syscall.SIGQUIT, func(dir string, port int) []string {
		return []string{nginx, "-p", dir, "-e", "stderr", "-g", "daemon off;", "-c", write(t, dir, "nginx.conf", `
pid nginx.pid;
error_log stderr;
worker_processes 1;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
`+site(port)+`
}
`)}
	})
}

// Caddy starts Caddy for this test alone, with the site that site returns for
// a port on 127.0.0.1.
func Caddy(t testing.TB, site func(port int) string) *ProxyServer {
	t.Helper()
	caddy := find(t, "caddy")
	return proxy(t, "caddy", syscall.SIGTERM, func(dir string, port int) []string {
		config := write(t, dir, "Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+site(port)+"\n")
		return []string{"/usr/bin/env", "HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir,
			caddy, "run", "--adapter", "caddyfile", "--config", config}
	})
}

func proxy(t testing.TB, name string, stop syscall.Signal, command func(dir string, port int) []string) *ProxyServer {
	t.Helper()
	s := &ProxyServer{}
	s.name, s.dir, s.stop = name, folder(t, name), stop
	s.command = func(port int) []string { return command(s.dir, port) }
	s.ready = func(ctx context.Context) error {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	s.begin(t)
	t.Cleanup(s.remove)
	return s
}

// write puts a configuration where the server's user can read it.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatalf("write %s: %v", path, err)
	}
	return path
}
