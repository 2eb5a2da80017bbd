package domain

import (
	"strings"
	"time"
)

// MailPurpose is what a mailed token is good for.
type MailPurpose string

// The purposes.
const (
	MailVerifyEmail   MailPurpose = "verify_email"
	MailChangeEmail   MailPurpose = "change_email"
	MailResetPassword MailPurpose = "reset_password"
)

// Lifetime returns how long a token of the purpose is good: half an hour for
// what opens an account, a day for what only proves a mailbox.
func (p MailPurpose) Lifetime() time.Duration {
	if p == MailResetPassword {
		return 30 * time.Minute
	}
	return 24 * time.Hour
}

// MailToken is a token that was mailed to prove a mailbox: single use, stored hashed.
type MailToken struct {
	ID        MailTokenID
	UserID    UserID
	Purpose   MailPurpose
	Email     Email // the mailbox that it proves
	Hash      SecretHash
	CreatedAt time.Time
	ExpiresAt time.Time
}

// ErrInvalidMailToken is the one answer to a mailed token that is used,
// expired or unknown.
var ErrInvalidMailToken = &Error{Kind: KindInvalid, Code: "invalid-mail-token", Detail: "Invalid or expired token"}

// Opens reports whether secret is the token's, and the token not over at now.
func (t MailToken) Opens(secret Secret, now time.Time) bool {
	return t.Hash.Matches(secret) && now.Before(t.ExpiresAt)
}

// FormatMailToken returns the text that is mailed. The id comes last: whatever
// the secret is, a link ends in a letter or a digit, and mail programs that cut
// punctuation off links cut nothing.
func FormatMailToken(id MailTokenID, secret Secret) Secret {
	return NewSecret(secret.Reveal() + "." + string(id))
}

// ParseMailToken takes a mailed text apart, or returns ErrInvalidMailToken. It
// looks nothing up.
func ParseMailToken(text string) (MailTokenID, Secret, error) {
	secret, rest, ok := strings.Cut(text, ".")
	id, err := ParseID[MailTokenID](rest)
	if !ok || err != nil || secret == "" {
		return "", Secret{}, ErrInvalidMailToken
	}
	return id, NewSecret(secret), nil
}

// Message is a mail in the outbox, written with the change that it tells of.
type Message struct {
	ID            MessageID
	To            Email
	Template      string // names the text: "verify_email"
	Sealed        []byte // the values of the text, encrypted: they hold tokens
	CreatedAt     time.Time
	NextAttemptAt time.Time
	Attempts      int
}
