package kvstore

import (
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Rows are domain's types, but for what shows as [redacted] or keeps its text
// to itself: there the outer member takes the inner one's name.
type (
	userRow struct {
		domain.User
		Email string
	}
	passwordRow struct {
		domain.Credential
		Hash string
	}
	apiKeyRow struct {
		domain.APIKey
		Hash string
	}
	mailTokenRow struct {
		domain.MailToken
		Email, Hash string
	}
	messageRow struct {
		domain.Message
		To string
	}
	leaseRow struct {
		Name, Holder string
		Until        time.Time
	}
	secretRow struct {
		Name   string
		Sealed []byte
	}
	schemaRow struct {
		Name            string
		Version, Oldest int64
	}
)

const schemaName = "schema"

var (
	asUserRow = shape[domain.User, userRow]{
		func(u domain.User) userRow { return userRow{u, u.Email.String()} },
		func(r userRow) domain.User {
			r.User.Email = domain.StoredEmail(r.Email)
			return r.User
		},
	}
	asPasswordRow = shape[domain.Credential, passwordRow]{
		func(c domain.Credential) passwordRow { return passwordRow{c, c.Hash.Reveal()} },
		func(r passwordRow) domain.Credential {
			r.Credential.Hash = domain.NewPasswordHash(r.Hash)
			return r.Credential
		},
	}
	asAPIKeyRow = shape[domain.APIKey, apiKeyRow]{
		func(k domain.APIKey) apiKeyRow { return apiKeyRow{k, k.Hash.Reveal()} },
		func(r apiKeyRow) domain.APIKey {
			r.APIKey.Hash = domain.StoredSecretHash(r.Hash)
			return r.APIKey
		},
	}
	asMailTokenRow = shape[domain.MailToken, mailTokenRow]{
		func(m domain.MailToken) mailTokenRow { return mailTokenRow{m, m.Email.String(), m.Hash.Reveal()} },
		func(r mailTokenRow) domain.MailToken {
			r.MailToken.Email, r.MailToken.Hash = domain.StoredEmail(r.Email), domain.StoredSecretHash(r.Hash)
			return r.MailToken
		},
	}
	asMessageRow = shape[domain.Message, messageRow]{
		func(m domain.Message) messageRow { return messageRow{m, m.To.String()} },
		func(r messageRow) domain.Message {
			r.Message.To = domain.StoredEmail(r.To)
			return r.Message
		},
	}
)

// The indexes.
var (
	userByEmail      = index[domain.UserID, domain.User]{"user_by_email", func(u domain.User) string { return u.Email.String() }}
	passwordByID     = index[domain.UserID, domain.Credential]{"password_by_id", func(c domain.Credential) string { return string(c.ID) }}
	sessionsByUser   = index[domain.SessionID, domain.Session]{"sessions_by_user", func(s domain.Session) string { return string(s.UserID) }}
	sessionsByExpiry = index[domain.SessionID, domain.Session]{"sessions_by_expiry", func(s domain.Session) string { return moment(s.ExpiresAt) }}
	tokensByUser     = index[domain.MailTokenID, domain.MailToken]{"mail_tokens_by_user", func(m domain.MailToken) string { return string(m.UserID) }}
	tokensByExpiry   = index[domain.MailTokenID, domain.MailToken]{"mail_tokens_by_expiry", func(m domain.MailToken) string { return moment(m.ExpiresAt) }}
	messagesByTime   = index[domain.MessageID, domain.Message]{"outbox_by_time", func(m domain.Message) string { return moment(m.NextAttemptAt) }}
	eventsByTime     = index[domain.EventID, domain.Event]{"events_by_time", func(e domain.Event) string { return moment(e.At) }}
)

// The tables.
var (
	userRows = newTable("users", domain.ErrUserNotFound, application.ChangedUser,
		func(u domain.User) domain.UserID { return u.ID }, asUserRow, userByEmail)
	passwordRows = newTable("passwords", domain.ErrNotFound, "",
		func(c domain.Credential) domain.UserID { return c.UserID }, asPasswordRow, passwordByID)
	sessionRows = newTable("sessions", domain.ErrNotFound, "",
		func(s domain.Session) domain.SessionID { return s.ID }, asIs[domain.Session](), sessionsByUser, sessionsByExpiry)
	roleRows = newTable("roles", domain.ErrRoleNotFound, application.ChangedRole,
		func(r domain.Role) domain.RoleName { return r.Name }, asIs[domain.Role]())
	apiKeyRows = newTable("api_keys", domain.ErrAPIKeyNotFound, "",
		func(k domain.APIKey) domain.APIKeyID { return k.ID }, asAPIKeyRow)
	signingKeyRows = newTable("signing_keys", domain.ErrSigningKeyNotFound, application.ChangedSigningKey,
		func(k domain.SigningKey) string { return k.ID }, asIs[domain.SigningKey]())
	mailTokenRows = newTable("mail_tokens", domain.ErrNotFound, "",
		func(m domain.MailToken) domain.MailTokenID { return m.ID }, asMailTokenRow, tokensByUser, tokensByExpiry)
	messageRows = newTable("outbox", domain.ErrNotFound, "",
		func(m domain.Message) domain.MessageID { return m.ID }, asMessageRow, messagesByTime)
	eventRows = newTable("events", domain.ErrNotFound, "",
		func(e domain.Event) domain.EventID { return e.ID }, asIs[domain.Event](), eventsByTime)
	leaseRows  = newTable("leases", domain.ErrNotFound, "", func(l leaseRow) string { return l.Name }, asIs[leaseRow]())
	secretRows = newTable("secrets", domain.ErrNotFound, "", func(s secretRow) string { return s.Name }, asIs[secretRow]())
	schemaRows = newTable("schema", domain.ErrNotFound, "", func(s schemaRow) string { return s.Name }, asIs[schemaRow]())
)
