package e2e

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

// dial opens a connection on which a test writes what no client would. It ends
// by itself after a minute.
func dial(t *testing.T, s *service.Service) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return connection
}

// raw sends text as it is and returns the status of the answer; 0 when the
// server just closed the connection.
func raw(t *testing.T, s *service.Service, text string) (int, string) {
	t.Helper()
	connection := dial(t, s)
	if _, err := io.WriteString(connection, text); err != nil {
		return 0, "" // the server has closed it before the end
	}
	return answerOn(t, connection)
}

func answerOn(t *testing.T, connection net.Conn) (int, string) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Fatalf("no answer and no end within a minute: %v", err)
	}
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body) // cut off or not, it is what came
	return response.StatusCode, string(body)
}

// dribble writes a byte at a time, for ever, until the server has had enough.
func dribble(connection net.Conn, piece string) {
	for {
		if _, err := io.WriteString(connection, piece); err != nil {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// Against Slowloris (CVE-2007-6750) and slow bodies: ReadHeader 5 s, Read 10 s.
// Nobody else waits meanwhile.
func TestSlowClientsAreCutOffAndDelayNobody(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	const post = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, begin := range map[string]string{
		"nothing at all":       "",
		"half a request line":  "GET /users",
		"headers without end":  "GET /users/me HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"a body without end":   post + "Content-Length: 60000\r\n\r\n",
		"chunks without end":   post + "Transfer-Encoding: chunked\r\n\r\nffff\r\n",
		"a body never begun":   post + "Content-Length: 10\r\n\r\n",
		"a body that expected": post + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection := dial(t, s)
			if _, err := io.WriteString(connection, begin); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(name, "end") {
				go dribble(connection, "x")
			}
			if status, body := answerOn(t, connection); status >= http.StatusInternalServerError {
				t.Errorf("status %d: %s, want one below 500 or the end of the connection", status, body)
			}
		})
	}
	t.Run("everybody else", func(t *testing.T) {
		t.Parallel()
		for range 20 {
			me(s, "garbage").Want(http.StatusUnauthorized)
		}
	})
}

// A body is counted while reading, whatever Content-Length says.
func TestAnEndlessBodyIs413(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	chunk := "1000\r\n" + strings.Repeat("x", 4096) + "\r\n"
	for name, c := range map[string]struct{ header, piece string }{
		"chunked":                        {"Transfer-Encoding: chunked", chunk},
		"a Content-Length of 10 GB":      {"Content-Length: 10000000000", strings.Repeat("x", 4096)},
		"chunked, on a route of OAuth":   {"Transfer-Encoding: chunked", chunk},
		"where no body is asked for":     {"Transfer-Encoding: chunked", chunk},
		"before anybody is identified":   {"Content-Length: 10000000000", strings.Repeat("x", 4096)},
		"chunk extensions without end":   {"Transfer-Encoding: chunked", "1;" + strings.Repeat("y", 4000) + "\r\nx\r\n"},
		"a trailer that is all there is": {"Transfer-Encoding: chunked", "0\r\n" + strings.Repeat("X-Trailer: y\r\n", 2000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := map[string]string{
				"chunked, on a route of OAuth": "/oauth/token", "where no body is asked for": "/auth/logout-all", "before anybody is identified": "/auth/password/change",
			}[name]
			want := 0
			if path == "" {
				path, want = "/auth/login", http.StatusRequestEntityTooLarge
			}
			if path == "/oauth/token" {
				want = http.StatusRequestEntityTooLarge
			}
			if strings.HasPrefix(name, "chunk extensions") || strings.HasPrefix(name, "a trailer") {
				want = 0 // net/http ends these itself
			}
			connection := dial(t, s)
			go func() {
				_, err := io.WriteString(connection, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+c.header+"\r\n\r\n")
				for err == nil {
					_, err = io.WriteString(connection, c.piece)
				}
			}()
			status, body := answerOn(t, connection)
			if status >= http.StatusInternalServerError || want != 0 && status != want && status != 0 {
				t.Errorf("status %d: %s, want %d", status, body, want)
			}
		})
	}
}

// Headers are at most 16 KiB.
func TestHeadersOverTheLimitAre431(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	request := func(n int) string {
		return "GET /users/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + strings.Repeat("x", n) + "\r\n\r\n"
	}
	for n, want := range map[int]int{8 << 10: http.StatusUnauthorized, 15 << 10: http.StatusUnauthorized, 17 << 10: http.StatusRequestHeaderFieldsTooLarge, 1 << 20: http.StatusRequestHeaderFieldsTooLarge} {
		status, body := raw(t, s, request(n))
		if status != want && (status != 0 || n < 1<<20) {
			t.Errorf("%d bytes of headers: status %d: %s, want %d", n, status, body, want)
		}
	}
	many := "GET /users/me HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Many: y\r\n", 2000) + "\r\n"
	if status, _ := raw(t, s, many); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("2,000 headers: status %d, want 431", status)
	}
}

// RFC 9112 §11.2 (request smuggling), CVE-2019-16276 and the like: what is no
// request is 400, and never reaches a handler.
func TestWhatIsNoRequestIsRefused(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	for name, text := range map[string]string{
		"binary":                     "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"no host":                    "GET /users/me HTTP/1.1\r\n\r\n",
		"two hosts":                  "GET /users/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"a host that is none":        "GET /users/me HTTP/1.1\r\nHost: a b\r\n\r\n",
		"two lengths":                "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
		"a negative length":          "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"a length and chunks":        "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /",
		"an unknown coding":          "POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
		"a space before the colon":   "GET /users/me HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer x\r\n\r\n",
		"NUL in a header":            "GET /users/me HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
		"a header that goes on":      "GET /users/me HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\nConnection: close\r\n\r\n",
		"a bare carriage return":     "GET /users/me HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n",
		"HTTP/9.9":                   "GET /users/me HTTP/9.9\r\nHost: x\r\n\r\n",
		"a method that is none":      "G(T /users/me HTTP/1.1\r\nHost: x\r\n\r\n",
		"another host's address":     "GET http://evil.example/users/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"CONNECT":                    "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n",
		"a broken escape":            "GET /users/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"a chunk size beyond bounds": "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
	} {
		status, body := raw(t, s, text)
		if status != 0 && (status < 400 || status == http.StatusInternalServerError) {
			t.Errorf("%s: status %d: %s, want a refusal", name, status, body)
		}
	}
	if strings.Contains(s.Log(), "panic") {
		t.Errorf("a panic is in the log:\n%s", s.Log())
	}
}
