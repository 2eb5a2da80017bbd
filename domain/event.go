package domain

import "time"

// EventType names what happened.
type EventType string

// The auth events.
const (
	LoginSucceeded         EventType = "login.succeeded"
	LoginFailed            EventType = "login.failed"
	TokenRefreshed         EventType = "token.refreshed"
	TokenRefused           EventType = "token.refused"
	TokenReuseDetected     EventType = "token.reuse_detected"
	TokenIssued            EventType = "token.issued"
	SessionRevoked         EventType = "session.revoked"
	SessionsRevoked        EventType = "sessions.revoked"
	PasswordChanged        EventType = "password.changed"
	PasswordResetRequested EventType = "password.reset_requested"
	PasswordReset          EventType = "password.reset"
	EmailVerified          EventType = "email.verified"
	VerificationRequested  EventType = "email.verification_requested"
	EmailChangeRequested   EventType = "email.change_requested"
	EmailChanged           EventType = "email.changed"
	MailFailed             EventType = "mail.failed"
	UserRegistered         EventType = "user.registered"
	UserCreated            EventType = "user.created"
	UserUpdated            EventType = "user.updated"
	UserDisabled           EventType = "user.disabled"
	UserEnabled            EventType = "user.enabled"
	UserDeleted            EventType = "user.deleted"
	UserImported           EventType = "user.imported"
	UserExported           EventType = "user.exported"
	UserRolesChanged       EventType = "user.roles_changed"
	RoleChanged            EventType = "role.changed"
	RoleDeleted            EventType = "role.deleted"
	APIKeyCreated          EventType = "api_key.created"
	APIKeyRevoked          EventType = "api_key.revoked"
	APIKeyRefused          EventType = "api_key.refused"
	SigningKeyCreated      EventType = "signing_key.created"
	SigningKeyChanged      EventType = "signing_key.changed"
	SigningKeyRevoked      EventType = "signing_key.revoked"
	SigningKeysRewrapped   EventType = "signing_key.rewrapped"
	AccessGranted          EventType = "access.granted"
	AccessDenied           EventType = "access.denied"
	RateLimited            EventType = "rate_limited"
	RegistrationRepeated   EventType = "user.registration_repeated"
	AuditOverflowed        EventType = "audit.overflowed" // Count events did not fit into the audit trail
)

// Outcome says whether what was tried was done.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
)

// Event is one thing that happened at the gate. It holds no password, token,
// key or hash.
type Event struct {
	ID        EventID
	At        time.Time
	Type      EventType
	Outcome   Outcome
	Reason    string // a word or two, of a failure
	Subject   string // whom it is about: a user's or an API key's id; a keyed hash for an unknown address
	Actor     string // who did it, when that is not the subject
	Session   SessionID
	Client    Client
	RequestID string
	Count     int               // how many equal ones this stands for; at least 1
	Details   map[string]string // what else an auditor wants: a role's name, a key's id
}
