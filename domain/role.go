package domain

import (
	"slices"
	"time"
)

// RoleName is a role's name: [a-z][a-z0-9_-]{0,62}.
type RoleName string

// The built-in roles.
const (
	RoleUser      RoleName = "user"      // nothing beyond one's own account
	RoleModerator RoleName = "moderator" // reads users and audit, ends sessions
	RoleAdmin     RoleName = "admin"     // everything
)

// Role is a name for a set of permissions.
type Role struct {
	Name        RoleName
	Description string
	Permissions Permissions
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Errors about roles.
var (
	ErrBuiltInRole  = &Error{Kind: KindConflict, Code: "built-in-role", Detail: "A built-in role can't be deleted"}
	ErrAdminRole    = &Error{Kind: KindConflict, Code: "admin-role", Detail: "The role admin can't be changed"}
	ErrRoleNotFound = &Error{Kind: KindNotFound, Code: "not-found", Detail: "Not found"}
)

// BuiltInRoles returns the roles that every installation has from the start.
func BuiltInRoles() []Role {
	return []Role{
		{Name: RoleAdmin, Description: "May do everything", Permissions: NewPermissions(EveryPermission)},
		{Name: RoleModerator, Description: "Reads users and audit events, ends sessions", Permissions: NewPermissions(UsersRead, SessionsRead, SessionsRevoke, AuditRead)},
		{Name: RoleUser, Description: "Nothing beyond one's own account", Permissions: NewPermissions()},
	}
}

// BuiltIn reports whether the role came with the service.
func (n RoleName) BuiltIn() bool {
	return n == RoleUser || n == RoleModerator || n == RoleAdmin
}

// ParseRoleName returns the role name that s spells, or an ErrInvalid on field.
func ParseRoleName(field, s string) (RoleName, error) {
	if !isName(s) {
		return "", Invalid(field, "must be a role's name: a lower-case letter, then up to 62 lower-case letters, digits, - and _")
	}
	return RoleName(s), nil
}

// RoleNames returns names sorted, each once.
func RoleNames(names ...RoleName) []RoleName {
	set := slices.Clone(names)
	slices.Sort(set)
	return slices.Compact(set)
}
