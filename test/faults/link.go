package faults

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const bufferSize = 64 << 10

// What a client is known to speak.
const (
	anything    int32 = iota // not PostgreSQL, or encrypted: passed on unread
	negotiating              // it asked for encryption; the answer is one byte
	typed                    // PostgreSQL messages, each with a type and a length
)

// How a connection ends.
type ending int

const (
	byClose ending = iota
	byReset
)

// link is one client's connection and the one to the server that belongs to it.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	speaks atomic.Int32
	done   chan struct{} // closed at the end

	mu     sync.Mutex
	ended  bool
	server *net.TCPConn // nil until dialled
	lost   *Armed       // the loss that this connection is to suffer
	answer int          // the how-manieth ReadyForQuery it is that shall be lost
}

func (l *link) run() {
	defer l.proxy.forget(l)
	if err := l.dial(); err != nil {
		l.end(byReset)
		return
	}
	var toClient sync.WaitGroup
	toClient.Go(func() { l.finish(l.client, l.fromServer()) })
	l.finish(l.server, l.fromClient())
	toClient.Wait()
	l.end(byClose)
}

func (l *link) dial() error {
	if err := l.proxy.await(l.done); err != nil {
		return err
	}
	server, err := net.DialTimeout("tcp", l.proxy.upstream, 5*time.Second)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		_ = server.Close()
		return net.ErrClosed
	}
	l.server = server.(*net.TCPConn)
	return nil
}

// finish tells the receiving side how the sending one ended: an end of stream is passed on, and so is anything else.
func (l *link) finish(receiver *net.TCPConn, err error) {
	if !errors.Is(err, io.EOF) || l.proxy.await(l.done) != nil {
		l.end(byReset)
		return
	}
	_ = receiver.CloseWrite()
}

// end closes both sides; the first call decides how.
func (l *link) end(how ending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	close(l.done)
	for _, conn := range []*net.TCPConn{l.client, l.server} {
		if conn == nil {
			continue
		}
		if how == byReset {
			_ = conn.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// deliver writes b to one side as the proxy's mode allows.
func (l *link) deliver(direction Direction, b []byte) error {
	if err := l.proxy.await(l.done); err != nil {
		return err
	}
	n, cut := l.proxy.allow(l, direction, len(b))
	receiver := l.client
	if direction == ToServer {
		receiver = l.server
	}
	if _, err := receiver.Write(b[:n]); err != nil {
		return err
	}
	if cut {
		l.end(byReset)
		return net.ErrClosed
	}
	return nil
}

// deliverAll passes on whatever comes, as it comes.
func (l *link) deliverAll(direction Direction, in io.Reader) error {
	piece := make([]byte, bufferSize)
	for {
		n, err := in.Read(piece)
		if n > 0 {
			if err := l.deliver(direction, piece[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

func (l *link) fromClient() error {
	in := bufio.NewReaderSize(l.client, bufferSize)
	// A PostgreSQL client begins with the length of a short message, so with a zero; no text protocol, nor TLS, does.
	first, err := in.Peek(1)
	if err != nil {
		return err
	}
	if first[0] != 0 {
		return l.deliverAll(ToServer, in)
	}
	return l.fromPostgresClient(in)
}

func (l *link) fromServer() error {
	in := bufio.NewReaderSize(l.server, bufferSize)
	for {
		// The server's first byte answers what the client said before, so from here on it is known what that speaks.
		first, err := in.Peek(1)
		if err != nil {
			return err
		}
		switch l.speaks.Load() {
		case typed:
			return l.fromPostgresServer(in)
		case negotiating:
			if first[0] != 'N' {
				l.speaks.Store(anything)
			}
			_, _ = in.Discard(1)
			if err := l.deliver(ToClient, first); err != nil {
				return err
			}
		default:
			return l.deliverAll(ToClient, in)
		}
	}
}
