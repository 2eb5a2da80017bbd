package domain

import "time"

// CredentialKind says by what a subject proves who it is. The shape leaves
// room for totp, recovery_code and webauthn.
type CredentialKind string

// The kinds of credentials.
const (
	CredentialPassword CredentialKind = "password"
)

// Credential is one proof of one user. Its ID is new with each new password,
// so that what was decided on the older one can be told apart.
type Credential struct {
	ID        CredentialID
	UserID    UserID
	Kind      CredentialKind
	Hash      PasswordHash
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ErrInvalidCredentials is the one answer to a login that fails, whatever was wrong.
var ErrInvalidCredentials = &Error{Kind: KindUnauthenticated, Code: "invalid-credentials", Detail: "Incorrect email or password"}

// Account is a user with the password credential, as login reads them in one
// query. Without a password (invited, not yet set) the credential is zero.
type Account struct {
	User     User
	Password Credential
}
