package faults

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/servers"
)

type mode int

const (
	passing mode = iota
	delaying
	blackholed
	refusing
)

// Direction is which way bytes flow.
type Direction int

// The two directions.
const (
	ToServer Direction = iota
	ToClient
)

// Proxy stands between clients and one server. Pass, Delay, Blackhole and Refuse replace one another, and hold for open
// connections as well as for new ones; Reset, CutAfter and LoseAnswer come on top. All may be called at any time.
type Proxy struct {
	t        testing.TB
	upstream string
	addr     string
	running  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	listener net.Listener // nil while refusing
	mode     mode
	delay    time.Duration
	changed  chan struct{} // closed when mode or delay change
	links    map[*link]struct{}
	accepted int
	cut      *cut
	armed    []*Armed
	observer func(Message)
}

// New starts a proxy to upstream (host:port) that passes everything on, until the test ends. It speaks TCP to any kind
// of server, and finds out by itself which clients speak PostgreSQL (in clear: sslmode=disable).
func New(t testing.TB, upstream string) *Proxy {
	t.Helper()
	p := &Proxy{
		t:        t,
		upstream: upstream,
		addr:     fmt.Sprintf("127.0.0.1:%d", servers.FreePort(t)),
		changed:  make(chan struct{}),
		links:    map[*link]struct{}{},
	}
	p.Pass()
	t.Cleanup(p.close)
	return p
}

// Addr is the address of the proxy, as host:port. It stays the same whatever happens.
func (p *Proxy) Addr() string { return p.addr }

// Through returns rawURL with the proxy in the place of its host.
func (p *Proxy) Through(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		p.t.Fatalf("URL of the server behind the proxy: %v", err)
	}
	u.Host = p.addr
	return u.String()
}

// Pass delivers everything at once. What a blackhole held back is delivered now, as TCP would by sending it again.
func (p *Proxy) Pass() { p.become(passing, 0) }

// Delay delivers each piece, either way, d after it came, one piece at a time; a round trip takes at least 2d.
func (p *Proxy) Delay(d time.Duration) { p.become(delaying, d) }

// Blackhole delivers nothing, either way, and tells nobody: connections stay open, new ones are accepted.
func (p *Proxy) Blackhole() { p.become(blackholed, 0) }

// Refuse stops listening, so that new connections are refused. Open ones go on: call Reset as well to cut those.
func (p *Proxy) Refuse() { p.become(refusing, 0) }

// Reset cuts every open connection by TCP RST, on both sides.
func (p *Proxy) Reset() {
	for _, l := range p.open() {
		l.end(byReset)
	}
}

// CutAfter resets the first connection that has carried n more bytes in a direction, after delivering exactly those.
func (p *Proxy) CutAfter(direction Direction, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = &cut{direction: direction, after: n, carried: map[*link]int{}}
}

// Connections returns how many connections are open now, and how many there have ever been.
func (p *Proxy) Connections() (open, ever int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links), p.accepted
}

// Observe calls observer with each message of a PostgreSQL client before it is delivered; nil ends it. Calls for
// different connections may overlap.
func (p *Proxy) Observe(observer func(Message)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.observer = observer
}

func (p *Proxy) become(m mode, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.delay = m, delay
	close(p.changed)
	p.changed = make(chan struct{})
	switch {
	case m == refusing && p.listener != nil:
		_ = p.listener.Close()
		p.listener = nil
	case m != refusing && p.listener == nil && !p.closed:
		listener, err := net.Listen("tcp", p.addr)
		if err != nil {
			p.t.Errorf("fault proxy: %v", err)
			return
		}
		p.listener = listener
		p.running.Go(func() { p.accept(listener) })
	}
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the client gave up before it was accepted
		}
		l := &link{proxy: p, client: client.(*net.TCPConn), done: make(chan struct{})}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			l.end(byReset)
			return
		}
		p.links[l] = struct{}{}
		p.accepted++
		p.running.Go(l.run)
		p.mu.Unlock()
	}
}

func (p *Proxy) open() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*link, 0, len(p.links))
	for l := range p.links {
		all = append(all, l)
	}
	return all
}

func (p *Proxy) forget(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// await returns when something may be delivered: at once, after the delay, or when the blackhole is over.
func (p *Proxy) await(done <-chan struct{}) error {
	for {
		p.mu.Lock()
		m, delay, changed := p.mode, p.delay, p.changed
		p.mu.Unlock()
		switch m {
		case delaying:
			select {
			case <-time.After(delay):
				return nil
			case <-done:
				return net.ErrClosed
			}
		case blackholed:
			select {
			case <-changed:
			case <-done:
				return net.ErrClosed
			}
		default:
			return nil
		}
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	if p.listener != nil {
		_ = p.listener.Close()
	}
	p.mu.Unlock()
	p.Reset()
	p.running.Wait()
}

// cut is an armed CutAfter.
type cut struct {
	direction Direction
	after     int
	carried   map[*link]int // since it was armed
}

// allow returns how many of n bytes may still be delivered, and whether the connection is to be cut then.
func (p *Proxy) allow(l *link, direction Direction, n int) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == nil || p.cut.direction != direction {
		return n, false
	}
	left := p.cut.after - p.cut.carried[l]
	if n < left {
		p.cut.carried[l] += n
		return n, false
	}
	p.cut = nil
	return left, true
}
