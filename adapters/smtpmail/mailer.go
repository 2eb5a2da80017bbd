package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.Mailer = (*Mailer)(nil)

// Mailer sends through one server. It is safe for concurrent use.
type Mailer struct {
	server  server
	sender  *netmail.Address
	timeout time.Duration
	tls     *tls.Config
}

// New returns a Mailer. It does not reach for the server: one that is down now
// is not down for ever. ErrURL, ErrSender.
func New(cfg Config) (*Mailer, error) {
	s, err := parseServer(cfg.URL)
	if err != nil {
		return nil, err
	}
	sender, err := parseSender(cfg.From)
	if err != nil {
		return nil, err
	}
	m := &Mailer{
		server: s, sender: sender, timeout: cfg.Timeout,
		tls: &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12},
	}
	if m.timeout == 0 {
		m.timeout = defaultTimeout
	}
	return m, nil
}

// Send hands one mail to the server. application.ErrMailRefused when the
// server said no for good (5yz) to the sender, the recipient or the text; not
// when it refused our login, which says nothing of the mail.
func (m *Mailer) Send(ctx context.Context, letter application.Mail) error {
	msg, err := m.compose(letter)
	if err != nil {
		return err
	}
	line := &line{Mailer: m, ctx: ctx}
	defer line.hangUp()
	client, err := mail.NewClient(m.server.host, m.options(line)...)
	if err != nil {
		return fmt.Errorf("prepare the SMTP client: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() { // what goes wrong after that, at the farewell, does not matter
		return nil
	}
	return classify(err)
}

func (m *Mailer) options(line *line) []mail.Option {
	policy := mail.TLSMandatory
	if m.server.loopback {
		policy = mail.NoTLS
	}
	options := []mail.Option{
		mail.WithPort(m.server.port), mail.WithTimeout(m.timeout), mail.WithTLSPolicy(policy),
		mail.WithTLSConfig(m.tls), mail.WithDialContextFunc(line.dial), mail.WithoutNoop(),
	}
	if m.server.implicit {
		options = append(options, mail.WithSSL())
	}
	if host := m.helo(); host != "" {
		options = append(options, mail.WithHELO(host))
	}
	if m.server.user != "" {
		options = append(options, mail.WithUsername(m.server.user), mail.WithPassword(m.server.pwd),
			mail.WithOpportunisticSMTPAuth(m.mechanisms()...))
	}
	return options
}

// helo is the name that we greet with: the sender's domain, which unlike the
// machine's own name means something to the server.
func (m *Mailer) helo() string {
	return m.sender.Address[strings.LastIndexByte(m.sender.Address, '@')+1:]
}

// mechanisms lists how we log in, the best first. A password goes in the clear
// to this machine alone.
func (m *Mailer) mechanisms() []mail.SMTPAuthType {
	if m.server.loopback && !m.server.implicit {
		return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthCramMD5, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc}
	}
	return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5}
}

// classify tells a refusal for good from what time may mend.
func classify(err error) error {
	var refused *mail.SendError
	if errors.As(err, &refused) && refused.ErrorCode()/100 == 5 {
		return fmt.Errorf("%w: %w", application.ErrMailRefused, err)
	}
	return err
}

// line is the connection of one mail: it ends with the context, and is closed
// whatever happened.
type line struct {
	*Mailer
	ctx  context.Context // of the whole mail; the library's own ends with the greeting
	conn net.Conn
	stop func() bool
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: l.timeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.conn = conn
	l.stop = context.AfterFunc(l.ctx, func() { _ = conn.Close() })
	if !l.server.implicit {
		return conn, nil
	}
	secured := tls.Client(conn, l.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secured, nil
}

func (l *line) hangUp() {
	if l.conn != nil {
		l.stop()
		_ = l.conn.Close() // at the latest now; mostly it is closed already
	}
}
