package smtpmail_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/smtpmail"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/mailbox"
)

const link = "https://auth.example.com/reset-password#token=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ.01985f40-5e5e-7d3c-a1b2-c3d4e5f60718"

func letter(text string) application.Mail {
	return application.Mail{
		ID: "01985f40-5e5e-7d3c-a1b2-c3d4e5f60718", To: domain.StoredEmail("ada@example.org"),
		Subject: "Choose a new password", Text: domain.NewSecret(text),
	}
}

func mailer(t *testing.T, url string) *smtpmail.Mailer {
	t.Helper()
	m, err := smtpmail.New(smtpmail.Config{
		URL: domain.NewSecret(url), From: "Sallyport <no-reply@auth.example.com>", Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return m
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	box := mailbox.Start(t, mailbox.Config{})
	text := "Hello,\n\n" + link + "\n\n.a line that begins with a dot\n"
	if err := mailer(t, box.URL()).Send(t.Context(), letter(text)); err != nil {
		t.Fatalf("Send: %v", err)
	}
	mails := box.All()
	if len(mails) != 1 {
		t.Fatalf("got %d mails, want 1", len(mails))
	}
	got := mails[0]
	if got.From != "no-reply@auth.example.com" || got.To != "ada@example.org" {
		t.Errorf("envelope: got %s to %s, want no-reply@auth.example.com to ada@example.org", got.From, got.To)
	}
	parsed, err := mail.ReadMessage(strings.NewReader(got.Data))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	for name, want := range map[string]string{
		"From": `"Sallyport" <no-reply@auth.example.com>`, "To": "<ada@example.org>", "Subject": "Choose a new password",
		"Message-Id":     "<01985f40-5e5e-7d3c-a1b2-c3d4e5f60718@auth.example.com>",
		"Auto-Submitted": "auto-generated", "Content-Type": "text/plain; charset=UTF-8",
	} {
		if parsed.Header.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, parsed.Header.Get(name), want)
		}
	}
	if _, err := parsed.Header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
	body, err := io.ReadAll(parsed.Body)
	if err != nil || string(body) != text {
		t.Errorf("body: got %q (%v), want %q", body, err, text)
	}
}

func TestEveryScriptArrives(t *testing.T) {
	t.Parallel()
	box := mailbox.Start(t, mailbox.Config{})
	l := letter("Grüße, " + link + "\n" + strings.Repeat("長", 400) + "\n")
	l.Subject = "Neues Paßwort wählen 🔑"
	if err := mailer(t, box.URL()).Send(t.Context(), l); err != nil {
		t.Fatalf("Send: %v", err)
	}
	parsed, err := mail.ReadMessage(strings.NewReader(box.All()[0].Data))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil || subject != l.Subject {
		t.Errorf("subject: got %q (%v), want %q", subject, err, l.Subject)
	}
	if got := parsed.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
		t.Errorf("encoding: got %q, want quoted-printable", got)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil || string(body) != l.Text.Reveal() {
		t.Errorf("body: got %q (%v), want %q", body, err, l.Text.Reveal())
	}
}

func TestNothingGetsIntoTheHeader(t *testing.T) {
	t.Parallel()
	box := mailbox.Start(t, mailbox.Config{})
	m := mailer(t, box.URL())
	for name, spoil := range map[string]func(*application.Mail){
		"a line's end in the subject":   func(l *application.Mail) { l.Subject = "a\r\nBcc: eve@example.com" },
		"a bare newline in the subject": func(l *application.Mail) { l.Subject = "a\nBcc: eve@example.com" },
		"a line's end in the recipient": func(l *application.Mail) { l.To = domain.StoredEmail("a@b.example\r\nBcc: eve@example.com") },
		"two recipients":                func(l *application.Mail) { l.To = domain.StoredEmail("a@b.example, eve@example.com") },
	} {
		l := letter("text")
		spoil(&l)
		if err := m.Send(t.Context(), l); err == nil {
			t.Errorf("%s: got nil, want an error", name)
		}
	}
	if mails := box.All(); len(mails) != 0 {
		t.Errorf("got %d mails, want none: %v", len(mails), mails)
	}
}

func TestARefusalForGoodIsToldFromOneThatTimeMayMend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  mailbox.Config
		refused bool
	}{
		"550 to the recipient": {mailbox.Config{RefuseRecipient: 550}, true},
		"450 to the recipient": {mailbox.Config{RefuseRecipient: 450}, false},
		"553 to the sender":    {mailbox.Config{RefuseSender: 553}, true},
		"451 to the sender":    {mailbox.Config{RefuseSender: 451}, false},
		"554 to the text":      {mailbox.Config{RefuseText: 554}, true},
		"452 to the text":      {mailbox.Config{RefuseText: 452}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := mailbox.Start(t, c.config)
			err := mailer(t, box.URL()).Send(t.Context(), letter("text"))
			if err == nil || errors.Is(err, application.ErrMailRefused) != c.refused {
				t.Errorf("got %v, want refused for good: %t", err, c.refused)
			}
		})
	}
}

func TestAServerThatIsDownIsNoRefusal(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	err = mailer(t, "smtp://"+addr).Send(t.Context(), letter("text"))
	if err == nil || errors.Is(err, application.ErrMailRefused) {
		t.Errorf("got %v, want an error that is no refusal", err)
	}
}

func TestASlowServerIsLeftWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	stall := make(chan struct{})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	stalling := mailbox.Start(t, mailbox.Config{Stall: stall})
	t.Cleanup(func() { close(stall) }) // before the server stops: cleanups run last first
	for name, addr := range map[string]string{"that never greets": silent.Addr().String(), "that never ends": stalling.Addr()} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		m, err := smtpmail.New(smtpmail.Config{URL: domain.NewSecret("smtp://" + addr), From: "a@example.com", Timeout: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Send(ctx, letter("text")); err == nil || errors.Is(err, application.ErrMailRefused) {
			t.Errorf("a server %s: got %v, want an error that is no refusal", name, err)
		}
		cancel()
	}
}

func TestASilentServerIsLeftAfterTheTimeout(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	m, err := smtpmail.New(smtpmail.Config{
		URL: domain.NewSecret("smtp://" + silent.Addr().String()), From: "a@example.com", Timeout: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), letter("text")); err == nil || errors.Is(err, application.ErrMailRefused) {
		t.Errorf("got %v, want an error that is no refusal", err)
	}
}

func TestALoginIsUsedAndItsPasswordNeverShown(t *testing.T) {
	t.Parallel()
	const password = "p@ss:/wörd?#"
	box := mailbox.Start(t, mailbox.Config{User: "mail@user", Password: password})
	const escaped = "p%40ss%3A%2Fw%C3%B6rd%3F%23"
	if err := mailer(t, "smtp://mail%40user:"+escaped+"@"+box.Addr()).Send(t.Context(), letter("text")); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if got := box.All()[0].User; got != "mail@user" {
		t.Errorf("got user %q, want mail@user", got)
	}
	err := mailer(t, "smtp://mail%40user:wrong-"+escaped+"@"+box.Addr()).Send(t.Context(), letter("text"))
	if err == nil || errors.Is(err, application.ErrMailRefused) {
		t.Errorf("wrong password: got %v, want an error that is no refusal of the mail", err)
	} else if strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "wrong-") {
		t.Errorf("got %q, which shows the password", err)
	}
}

// certificate returns a server's configuration for 127.0.0.1, and who trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, roots
}

func TestAnotherMachineIsSpokenToByTLSAlone(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	by := func(implicit bool) *mailbox.Server {
		return mailbox.Start(t, mailbox.Config{TLS: config, Implicit: implicit, User: "user", Password: "password"})
	}
	for name, c := range map[string]struct {
		url  string
		box  *mailbox.Server
		fine bool
		know bool
	}{
		"STARTTLS":                              {"smtp://user:password@", by(false), true, true},
		"TLS from the start":                    {"smtps://user:password@", by(true), true, true},
		"STARTTLS, unknown authority":           {"smtp://user:password@", by(false), false, false},
		"TLS from the start, unknown authority": {"smtps://user:password@", by(true), false, false},
		"no STARTTLS there":                     {"smtp://", mailbox.Start(t, mailbox.Config{}), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mailer(t, c.url+c.box.Addr())
			if c.know {
				m.Trust(roots)
			} else {
				m.Trust(x509.NewCertPool())
			}
			err := m.Send(t.Context(), letter("text"))
			if (err == nil) != c.fine || errors.Is(err, application.ErrMailRefused) {
				t.Fatalf("got %v, want success: %t", err, c.fine)
			}
			mails := c.box.All()
			if c.fine && (len(mails) != 1 || !mails[0].Encrypted || mails[0].User != "user") {
				t.Errorf("got %+v, want one mail by TLS from user", mails)
			}
			if !c.fine && len(mails) != 0 {
				t.Errorf("got %+v, want none", mails)
			}
		})
	}
}

func TestAWrongConfigurationIsSaidAndNeverShown(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "http://h", "smtp://", "smtp:h", "smtp://h:99999", "smtp://u:hunter2@", "smtp://u@h", "smtp://:hunter2@h",
		"smtp://h/path", "smtp://h?x=hunter2", "smtp://u:hunter2%zz@h", "smtp://u:a%0d%0ahunter2@h",
	} {
		_, err := smtpmail.New(smtpmail.Config{URL: domain.NewSecret(url), From: "a@example.com"})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want an error that does not show it", url, err)
		}
	}
	for _, from := range []string{"", "nobody", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"} {
		if _, err := smtpmail.New(smtpmail.Config{URL: domain.NewSecret("smtp://h"), From: from}); err == nil {
			t.Errorf("sender %q: got nil, want an error", from)
		}
	}
}
