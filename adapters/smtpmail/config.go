package smtpmail

import (
	"errors"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Config names the server and the sender.
type Config struct {
	// URL is smtp://[USER:PASSWORD@]HOST[:PORT] (port 587, or 25 on this
	// machine), or smtps:// (port 465). Characters that a URL gives a meaning
	// to are percent-encoded in USER and PASSWORD.
	URL domain.Secret
	// From is the sender: no-reply@example.com, or Example <no-reply@example.com>.
	From string
	// Timeout bounds each step of the conversation; 0 is 10 s.
	Timeout time.Duration
}

const defaultTimeout = 10 * time.Second

// server is what a URL says.
type server struct {
	host      string
	port      int
	implicit  bool // TLS from the start
	loopback  bool // no TLS: nothing leaves this machine
	user, pwd string
}

// Errors about a Config. They say the rule, and never the value.
var (
	ErrURL    = errors.New("must be smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…, with USER and PASSWORD percent-encoded")
	ErrSender = errors.New("must be one email address, such as no-reply@example.com or Example <no-reply@example.com>")
)

// parseServer takes a URL apart. Its errors never show it.
func parseServer(secret domain.Secret) (server, error) {
	u, err := url.Parse(secret.Reveal())
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return server{}, ErrURL
	}
	s := server{host: u.Hostname(), loopback: isLoopback(u.Hostname())}
	switch u.Scheme {
	case "smtp":
		if s.port = 587; s.loopback {
			s.port = 25
		}
	case "smtps":
		s.implicit, s.port = true, 465
	default:
		return server{}, ErrURL
	}
	if text := u.Port(); text != "" {
		if s.port, err = strconv.Atoi(text); err != nil || s.port < 1 || s.port > 65535 {
			return server{}, ErrURL
		}
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.pwd, _ = u.User.Password()
		if s.user == "" || s.pwd == "" || strings.ContainsAny(s.user+s.pwd, "\x00\r\n") {
			return server{}, ErrURL
		}
	}
	return s, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// parseSender reads one mailbox (RFC 5322 §3.4).
func parseSender(from string) (*mail.Address, error) {
	sender, err := mail.ParseAddress(from)
	if err != nil || strings.ContainsAny(from, "\r\n") {
		return nil, ErrSender
	}
	return sender, nil
}
