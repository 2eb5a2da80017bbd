package domain

import (
	"fmt"
	"strconv"
	"time"
)

// AccessToken is a signed JWT (RFC 9068) that opens resources. It shows as "[redacted]".
type AccessToken struct{ Secret }

// RefreshToken is a signed JWT that only this service reads, and that moves a
// session forward. It shows as "[redacted]".
type RefreshToken struct{ Secret }

// AccessClaims is what an access token says. A user's has Session, a service's
// has ClientID and Scope.
type AccessClaims struct {
	ID        string // jti
	Subject   string
	Session   SessionID
	ClientID  string
	Roles     []RoleName // a hint for other services: this one asks storage
	Scope     Permissions
	Version   int64 // of the user
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// RefreshClaims is what a refresh token says. All of it comes from the session
// row, so that the token can be made again, byte for byte, and need not be stored.
type RefreshClaims struct {
	Session    SessionID
	Subject    UserID
	Generation int64
	IssuedAt   time.Time
	ExpiresAt  time.Time
}

// ID returns the token's jti: it names the generation, not the encoding.
func (c RefreshClaims) ID() string {
	return string(c.Session) + "." + strconv.FormatInt(c.Generation, 10)
}

// RefreshClaims returns the claims of the session's one valid refresh token.
// Without rotation there is one token for the whole session, from the login on.
// ExpiresAt is rounded up to a whole second: the token may say more than the
// row, which decides, and never less.
func (s Session) RefreshClaims(rotation bool) RefreshClaims {
	claims := RefreshClaims{Session: s.ID, Subject: s.UserID, Generation: s.Generation, IssuedAt: s.RotatedAt, ExpiresAt: ceilSecond(s.IdleExpiresAt)}
	if !rotation {
		claims.IssuedAt, claims.ExpiresAt = s.CreatedAt, ceilSecond(s.ExpiresAt)
	}
	return claims
}

// Tokens is what a login or a refresh answers with.
type Tokens struct {
	IssuedAt         time.Time // from which the answer counts their lifetimes
	Access           AccessToken
	AccessExpiresAt  time.Time
	Refresh          RefreshToken
	RefreshExpiresAt time.Time // unless it is used before
}

// What one subject may hold: all of it goes into every access token, which is
// 8 KiB at most.
const (
	MaxRoles       = 64  // of a user
	MaxPermissions = 256 // of an API key, or of a role

	// MaxHeldBytes is how long all of it may be as a token says it, each in
	// quotes and with a comma: MaxRoles of the longest names.
	MaxHeldBytes = MaxRoles * (63 + len(`"",`))
)

// CheckHeld returns an ErrInvalid on field when names are more than most, or
// longer than MaxHeldBytes.
func CheckHeld[Name ~string](field string, names []Name, most int) error {
	if len(names) > most {
		return Invalid(field, fmt.Sprintf("must be at most %d", most))
	}
	length := 0
	for _, name := range names {
		length += len(name) + len(`"",`)
	}
	if length > MaxHeldBytes {
		return Invalid(field, fmt.Sprintf("must be at most %d bytes in all, with quotes and commas: every access token says them", MaxHeldBytes))
	}
	return nil
}

// Errors about tokens. The four of access tokens share their words with what
// the caller sees, and differ in Code for the log and for introspection.
var (
	// ErrInvalidToken is the answer to an access token that is malformed,
	// foreign, expired or of a session that is over.
	ErrInvalidToken = &Error{Kind: KindUnauthenticated, Code: "invalid-token", Detail: "Could not validate credentials"}
	// ErrTokenType is the answer to a refresh token where an access token
	// belongs, and the reverse.
	ErrTokenType = &Error{Kind: KindUnauthenticated, Code: "invalid-token-type", Detail: "Invalid token type"}
	// ErrInvalidRefreshToken is the one answer to any other refresh token that
	// does not move a session.
	ErrInvalidRefreshToken = &Error{Kind: KindUnauthenticated, Code: "invalid-refresh-token", Detail: "Invalid refresh token"}

	// ErrInvalidScope says that a scope was asked for that is none, or more than
	// the client may (RFC 6749 §5.2).
	ErrInvalidScope = &Error{Kind: KindInvalid, Code: "invalid-scope", Detail: "The scope must be permissions of the client, separated by single spaces"}

	// ErrTokenExpired is an ErrInvalidToken whose time is over.
	ErrTokenExpired = tokenError("expired")
	// ErrTokenRevoked is an ErrInvalidToken whose session has ended.
	ErrTokenRevoked = tokenError("revoked")
)

// TokenError is why an access token is worth nothing. To errors.Is it is an
// ErrInvalidToken too.
type TokenError struct{ Reason string }

func tokenError(reason string) *TokenError { return &TokenError{reason} }

func (e *TokenError) Error() string { return "token is " + e.Reason }

// Unwrap says that every TokenError is an ErrInvalidToken.
func (e *TokenError) Unwrap() error { return ErrInvalidToken }
