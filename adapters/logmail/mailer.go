package logmail

import (
	"context"

	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.Mailer = (*Mailer)(nil)

// Mailer writes mails to a logger.
type Mailer struct{ log *zap.Logger }

// New returns a Mailer that writes to log, one line for each mail.
func New(log *zap.Logger) *Mailer { return &Mailer{log} }

// Send writes the mail with its text, token included.
func (m *Mailer) Send(_ context.Context, mail application.Mail) error {
	m.log.Info("mail",
		zap.Stringer("to", mail.To), zap.String("subject", mail.Subject),
		zap.String("text", mail.Text.Reveal()), zap.String("message", string(mail.ID)))
	return nil
}
