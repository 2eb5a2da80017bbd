package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// talker is one client: it knows its next request, and hears the answer.
type talker interface {
	next() []byte
	heard(status int, body []byte) error
}

// repeat is a talker that says the same again and again, and wants a 200.
type repeat []byte

func (r repeat) next() []byte { return r }

func (r repeat) heard(status int, body []byte) error {
	if status != 200 {
		return fmt.Errorf("status %d: %s", status, body)
	}
	return nil
}

// repeats returns n talkers that say the same.
func repeats(n int, request []byte) []talker {
	talkers := make([]talker, n)
	for i := range talkers {
		talkers[i] = repeat(request)
	}
	return talkers
}

// request writes an HTTP/1.1 request. Headers are whole lines without their end.
func request(method, path, body string, headers ...string) []byte {
	var r bytes.Buffer
	fmt.Fprintf(&r, "%s %s HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n", method, path)
	for _, h := range headers {
		r.WriteString(h + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&r, "Content-Length: %d\r\n", len(body))
	}
	r.WriteString("\r\n" + body)
	return r.Bytes()
}

// connect opens a connection for each talker.
func connect(b *testing.B, address string, talkers []talker) []*conn {
	b.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	conns := make([]*conn, len(talkers))
	for i, t := range talkers {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			b.Fatalf("connect to %s: %v", address, err)
		}
		b.Cleanup(func() { _ = c.Close() })
		conns[i] = &conn{talker: t, Conn: c, in: bufio.NewReaderSize(c, 8<<10)}
	}
	return conns
}

// load sends a number of requests over the connections, each one request at a
// time, and returns how long each took.
func load(b *testing.B, conns []*conn, requests int) []time.Duration {
	b.Helper()
	each := requests / len(conns)
	took := make([]time.Duration, each*len(conns))
	errs := make([]error, len(conns))
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() {
			for k := range each {
				began := time.Now()
				if errs[i] = c.exchange(); errs[i] != nil {
					return
				}
				took[i*each+k] = time.Since(began)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			b.Fatal(err)
		}
	}
	return took
}

// conn is a keep-alive connection that spends as little as it can: the
// generator shares the machine with what it measures.
type conn struct {
	talker
	net.Conn
	in   *bufio.Reader
	body []byte
}

// exchange sends the next request and reads its answer.
func (c *conn) exchange() error {
	if _, err := c.Write(c.next()); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	status, err := c.answer()
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return c.heard(status, c.body)
}

var contentLength = []byte("Content-Length: ")

// answer reads a response into body, and returns its status. What is not as
// net/http writes short answers is an error.
func (c *conn) answer() (status int, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first:
			if len(line) < 12 {
				return 0, fmt.Errorf("status line %q", line)
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, err
			}
		case len(line) == 0:
			if length < 0 {
				return 0, fmt.Errorf("an answer with status %d and no Content-Length", status)
			}
			if cap(c.body) < length {
				c.body = make([]byte, length)
			}
			c.body = c.body[:length]
			_, err := io.ReadFull(c.in, c.body)
			return status, err
		case bytes.HasPrefix(line, contentLength):
			if length, err = strconv.Atoi(string(line[len(contentLength):])); err != nil {
				return 0, err
			}
		}
	}
}
