package domain

// Identifiers are UUIDs of version 7 (RFC 9562) in their canonical text form:
// 36 lower-case characters. They sort by the time of their making.
type (
	// UserID names a user: the subject of a user's tokens.
	UserID string
	// SessionID names a session: the sid of its tokens.
	SessionID string
	// APIKeyID names an API key: the subject of a service's tokens.
	APIKeyID string
	// CredentialID names a credential.
	CredentialID string
	// EventID names an auth event.
	EventID string
	// MailTokenID names a mailed token.
	MailTokenID string
	// MessageID names a mail in the outbox.
	MessageID string
)

// ParseID returns the identifier that s spells, or ErrNotFound: what is not an
// identifier names nothing. It takes the canonical form alone, so that one
// thing has one name.
func ParseID[ID ~string](s string) (ID, error) {
	if len(s) != 36 {
		return "", ErrNotFound
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return "", ErrNotFound
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return "", ErrNotFound
			}
		}
	}
	return ID(s), nil
}
