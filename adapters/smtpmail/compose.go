package smtpmail

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wneessen/go-mail"

	"github.com/sallyport-auth/sallyport/application"
)

// errHeader guards the header against injection (RFC 5322 §2.2): nothing that
// reaches it may hold a line's end.
var errHeader = errors.New("the subject or the recipient holds a control character")

// maxLine is the longest line of text that may travel as it is (RFC 5321
// §4.5.3.1.6, without its CRLF).
const maxLine = 998

// compose writes the mail: plain text in UTF-8, marked as written by a machine
// (RFC 3834 §5), so that no vacation notice comes back.
func (m *Mailer) compose(letter application.Mail) (*mail.Msg, error) {
	to := letter.To.String()
	if hasControl(letter.Subject) || hasControl(to) || hasControl(string(letter.ID)) {
		return nil, fmt.Errorf("compose mail: %w", errHeader)
	}
	text := letter.Text.Reveal()
	encoding := mail.EncodingQP
	if plain(text) {
		// Links stay in one piece, also for those who read the raw mail. The
		// library's "7bit" would be quoted-printable under a wrong name.
		encoding = mail.NoEncoding
	}
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(m.sender.Name, m.sender.Address); err != nil {
		return nil, fmt.Errorf("compose mail: sender: %w", err)
	}
	if err := msg.To(to); err != nil {
		return nil, fmt.Errorf("compose mail: recipient: %w", err)
	}
	msg.Subject(letter.Subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(string(letter.ID) + "@" + m.helo())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, text, mail.WithPartEncoding(encoding))
	return msg, nil
}

func plain(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > maxLine {
			return false
		}
	}
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}
