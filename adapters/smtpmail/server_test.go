package smtpmail_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// received is one mail that a server accepted.
type received struct {
	from, to, user string
	data           string
	encrypted      bool
}

// mailbox is a real SMTP server on loopback.
type mailbox struct {
	addr   string
	server *smtp.Server

	refuseMail, refuseRcpt, refuseData error // what it says in place of 250
	user, password                     string
	stall                              chan struct{} // when set, DATA is answered once it is closed

	mu    sync.Mutex
	mails []received
}

// serve starts the server. Set what it refuses in configure, before.
func serve(t *testing.T, implicitTLS bool, configure func(*mailbox)) *mailbox {
	t.Helper()
	b := &mailbox{}
	b.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, encrypted := c.TLSConnectionState()
		return &session{box: b, mail: received{encrypted: encrypted}}, nil
	}))
	b.server.Domain = "localhost"
	b.server.AllowInsecureAuth = true
	b.server.ReadTimeout, b.server.WriteTimeout = time.Minute, time.Minute
	b.server.ErrorLog = quiet{}
	if configure != nil {
		configure(b)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = listener.Addr().String()
	if implicitTLS {
		listener = tls.NewListener(listener, b.server.TLSConfig)
	}
	done := make(chan error, 1)
	go func() { done <- b.server.Serve(listener) }()
	t.Cleanup(func() {
		_ = b.server.Close()
		_ = listener.Close() // Close misses a server that has not begun to serve
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return b
}

func (b *mailbox) all() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]received(nil), b.mails...)
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

type session struct {
	box  *mailbox
	mail received
}

func (s *session) AuthMechanisms() []string {
	if s.box.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.box.user || password != s.box.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Authentication credentials invalid"}
		}
		s.mail.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.from = from
	return s.box.refuseMail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = to
	return s.box.refuseRcpt
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.box.stall != nil {
		<-s.box.stall
	}
	if s.box.refuseData != nil {
		return s.box.refuseData
	}
	s.mail.data = strings.ReplaceAll(string(data), "\r\n", "\n")
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails = append(s.box.mails, s.mail)
	return nil
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }
