package boltstore

import (
	"time"

	"github.com/go-json-experiment/json" // encoding/json/v2, from Go 1.27 on
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Rows are domain's own types. What shows as [redacted], or keeps its text to
// itself, is stored in the clear by these, and nowhere else.
var revealed = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true),
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalFunc(func(e domain.Email) ([]byte, error) { return json.Marshal(e.String()) }),
		json.MarshalFunc(func(h domain.PasswordHash) ([]byte, error) { return json.Marshal(h.Reveal()) }),
		json.MarshalFunc(func(h domain.SecretHash) ([]byte, error) { return json.Marshal(h.Reveal()) }),
	)),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		text(domain.StoredEmail), text(domain.NewPasswordHash), text(domain.StoredSecretHash),
	)),
)

func text[V any](wrap func(string) V) *json.Unmarshalers {
	return json.UnmarshalFunc(func(stored []byte, v *V) error {
		var s string
		err := json.Unmarshal(stored, &s)
		*v = wrap(s)
		return err
	})
}

func encode(row any) ([]byte, error) { return json.Marshal(row, revealed) }

func decode[V any](stored []byte) (row V, err error) {
	err = json.Unmarshal(stored, &row, revealed)
	return row, err
}

type lease struct {
	Name, Holder string
	Until        time.Time
}

type secret struct {
	Name   string
	Sealed []byte
}

var (
	userByEmail     = index[domain.UserID, domain.User]{"user_by_email", func(u domain.User) string { return u.Email.String() }}
	passwordByID    = index[domain.UserID, domain.Credential]{"password_by_id", func(c domain.Credential) string { return string(c.ID) }}
	sessionByUser   = index[domain.SessionID, domain.Session]{"session_by_user", func(s domain.Session) string { return string(s.UserID) }}
	sessionByExpiry = index[domain.SessionID, domain.Session]{"session_by_expiry", func(s domain.Session) string { return moment(s.ExpiresAt) }}
	tokenByUser     = index[domain.MailTokenID, domain.MailToken]{"token_by_user", func(m domain.MailToken) string { return string(m.UserID) }}
	tokenByExpiry   = index[domain.MailTokenID, domain.MailToken]{"token_by_expiry", func(m domain.MailToken) string { return moment(m.ExpiresAt) }}
	messageByTime   = index[domain.MessageID, domain.Message]{"message_by_time", func(m domain.Message) string { return moment(m.NextAttemptAt) }}
	eventByTime     = index[domain.EventID, domain.Event]{"event_by_time", func(e domain.Event) string { return moment(e.At) }}

	userRows       = newTable("users", domain.ErrUserNotFound, func(u domain.User) domain.UserID { return u.ID }, userByEmail)
	passwordRows   = newTable("passwords", domain.ErrNotFound, func(c domain.Credential) domain.UserID { return c.UserID }, passwordByID)
	sessionRows    = newTable("sessions", domain.ErrNotFound, func(s domain.Session) domain.SessionID { return s.ID }, sessionByUser, sessionByExpiry)
	roleRows       = newTable("roles", domain.ErrRoleNotFound, func(r domain.Role) domain.RoleName { return r.Name })
	apiKeyRows     = newTable("api_keys", domain.ErrAPIKeyNotFound, func(k domain.APIKey) domain.APIKeyID { return k.ID })
	signingKeyRows = newTable("signing_keys", domain.ErrSigningKeyNotFound, func(k domain.SigningKey) string { return k.ID })
	tokenRows      = newTable("mail_tokens", domain.ErrNotFound, func(m domain.MailToken) domain.MailTokenID { return m.ID }, tokenByUser, tokenByExpiry)
	messageRows    = newTable("outbox", domain.ErrNotFound, func(m domain.Message) domain.MessageID { return m.ID }, messageByTime)
	eventRows      = newTable("events", domain.ErrNotFound, func(e domain.Event) domain.EventID { return e.ID }, eventByTime)
	leaseRows      = newTable("leases", domain.ErrNotFound, func(l lease) string { return l.Name })
	secretRows     = newTable("secrets", domain.ErrNotFound, func(s secret) string { return s.Name })
	steps          = newTable("schema", domain.ErrNotFound, func(s application.SchemaMigration) string { return s.Name })
)
