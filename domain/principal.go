package domain

import "slices"

// PrincipalKind says what kind of caller a principal is.
type PrincipalKind string

// The kinds of principals.
const (
	PrincipalUser     PrincipalKind = "user"
	PrincipalService  PrincipalKind = "service"
	PrincipalOperator PrincipalKind = "operator" // whoever runs the command line beside the database
)

// Principal is the authenticated caller of one request, with the authority
// that it has now.
type Principal struct {
	Kind        PrincipalKind
	Subject     string    // a UserID, an APIKeyID, or "operator"
	Session     SessionID // of a user
	User        *User     // of a user: the account as it is now
	Roles       []RoleName
	Permissions Permissions
}

// Operator is the principal of the command line: who can reach the database
// and the secret can do everything anyway.
func Operator() Principal {
	return Principal{Kind: PrincipalOperator, Subject: "operator", Permissions: NewPermissions(EveryPermission)}
}

// ErrInsufficientPermissions says that the caller is known and lacks the authority.
var ErrInsufficientPermissions = &Error{Kind: KindForbidden, Code: "insufficient-permissions", Detail: "Insufficient permissions"}

// ErrNotAuthenticated says that no credential came with the request.
var ErrNotAuthenticated = &Error{Kind: KindUnauthenticated, Code: "not-authenticated", Detail: "Could not validate credentials"}

// Can reports whether the principal may do what p names.
func (p Principal) Can(permission Permission) bool { return p.Permissions.Allow(permission) }

// HasAny reports whether the principal holds at least one of the roles.
func (p Principal) HasAny(roles ...RoleName) bool {
	return slices.ContainsFunc(roles, func(r RoleName) bool { return slices.Contains(p.Roles, r) })
}

// Reaches reports whether the principal may act on somebody who holds
// permissions: administration reaches only downwards.
func (p Principal) Reaches(permissions Permissions) bool { return p.Permissions.Cover(permissions) }
