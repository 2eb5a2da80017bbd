package mailbox

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Config is how a server behaves.
type Config struct {
	Addr           string      // empty: a free port
	TLS            *tls.Config // offers STARTTLS
	Implicit       bool        // TLS from the start
	User, Password string      // asks for this login

	// What it says in place of 250, to the sender, the recipient and the text:
	// the codes of RFC 5321 §4.2; 0 is 250.
	RefuseSender, RefuseRecipient, RefuseText int
	// Stall, unless it is nil, holds the answer to the text back until it is closed.
	Stall <-chan struct{}
}

// Mail is one mail that was accepted.
type Mail struct {
	From, To  string
	User      string // who had logged in
	Data      string // header and text as they came, lines ending in \n
	Encrypted bool
}

// Server is a running server.
type Server struct {
	t        testing.TB
	config   Config
	smtp     *smtp.Server
	addr     string
	listener net.Listener
	done     chan error

	mu    sync.Mutex
	mails []Mail
	news  chan struct{} // closed with the next mail
}

// Start starts a server that ends with the test, or with Stop.
func Start(t testing.TB, config Config) *Server {
	t.Helper()
	s := &Server{t: t, config: config, done: make(chan error, 1), news: make(chan struct{})}
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.session))
	s.smtp.Domain = "localhost"
	s.smtp.TLSConfig = config.TLS
	s.smtp.AllowInsecureAuth = config.TLS == nil
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = time.Minute, time.Minute
	s.smtp.ErrorLog = silence{}
	if config.Addr == "" {
		config.Addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", config.Addr)
	if err != nil {
		t.Fatalf("listen for mail: %v", err)
	}
	s.addr = listener.Addr().String()
	if config.Implicit {
		listener = tls.NewListener(listener, config.TLS)
	}
	go func() { s.done <- s.smtp.Serve(listener) }()
	s.listener = listener
	t.Cleanup(s.Stop)
	return s
}

// Stop ends the server and its connections. It may be called again.
func (s *Server) Stop() {
	s.t.Helper()
	_ = s.smtp.Close()
	_ = s.listener.Close() // what is above misses a server that has not begun to serve
	if err := <-s.done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.t.Errorf("serve mail: %v", err)
	}
	s.done <- nil
}

// Addr is the server's address, HOST:PORT.
func (s *Server) Addr() string { return s.addr }

// URL is what a client in the clear is given.
func (s *Server) URL() string { return "smtp://" + s.addr }

// All returns what came, in order.
func (s *Server) All() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// WaitFor waits for the nth mail to address, and returns it; the first is 1.
func (s *Server) WaitFor(address string, nth int) Mail {
	s.t.Helper()
	const patience = 30 * time.Second
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		news, found := s.news, 0
		for _, mail := range s.mails {
			if mail.To != address {
				continue
			}
			if found++; found == nth {
				s.mu.Unlock()
				return mail
			}
		}
		s.mu.Unlock()
		select {
		case <-news:
		case <-deadline:
			s.t.Fatalf("got %d mails to %s within %s, want %d", found, address, patience, nth)
		}
	}
}

func (s *Server) keep(mail Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, mail)
	close(s.news)
	s.news = make(chan struct{})
}

// silence is the log of a server whose clients hang up in mid-sentence on purpose.
type silence struct{}

func (silence) Printf(string, ...any) {}
func (silence) Println(...any)        {}
