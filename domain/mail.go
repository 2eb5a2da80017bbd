package domain

import "time"

// MailPurpose is what a mailed token is good for.
type MailPurpose string

// The purposes.
const (
	MailVerifyEmail   MailPurpose = "verify_email"
	MailChangeEmail   MailPurpose = "change_email"
	MailResetPassword MailPurpose = "reset_password"
)

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
