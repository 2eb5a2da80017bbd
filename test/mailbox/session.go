package mailbox

import (
	"io"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection.
type session struct {
	server *Server
	mail   Mail
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	_, encrypted := c.TLSConnectionState()
	return &session{server: s, mail: Mail{Encrypted: encrypted}}, nil
}

// AuthMechanisms lists how to log in, where that is asked for.
func (s *session) AuthMechanisms() []string {
	if s.server.config.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth checks a login.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.config.User || password != s.server.config.Password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Authentication credentials invalid"}
		}
		s.mail.User = user
		return nil
	}), nil
}

// Mail takes the sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.From = from
	return answer(s.server.config.RefuseSender)
}

// Rcpt takes the recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = to
	return answer(s.server.config.RefuseRecipient)
}

// Data takes the text.
func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.config.Stall != nil {
		<-s.server.config.Stall
	}
	if err := answer(s.server.config.RefuseText); err != nil {
		return err
	}
	s.mail.Data = strings.ReplaceAll(string(data), "\r\n", "\n")
	s.server.keep(s.mail)
	return nil
}

func answer(code int) error {
	if code == 0 {
		return nil
	}
	return &smtp.SMTPError{Code: code, Message: "refused by the test"}
}

// Reset forgets nothing: the next sender and recipient replace these.
func (*session) Reset() {}

// Logout ends the connection.
func (*session) Logout() error { return nil }
