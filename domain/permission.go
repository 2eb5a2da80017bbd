package domain

import (
	"slices"
	"strings"
)

// Permission is the right to do one thing to one kind of resource, as
// "resource:action".
type Permission string

// The permissions that this service asks for itself. A team's own routes may
// ask for others.
const (
	UsersRead        Permission = "users:read"
	UsersWrite       Permission = "users:write"
	UsersDelete      Permission = "users:delete"
	RolesRead        Permission = "roles:read"
	RolesWrite       Permission = "roles:write"
	RolesAssign      Permission = "roles:assign"
	SessionsRead     Permission = "sessions:read"
	SessionsRevoke   Permission = "sessions:revoke"
	APIKeysRead      Permission = "apikeys:read"
	APIKeysWrite     Permission = "apikeys:write"
	AuditRead        Permission = "audit:read"
	TokensIntrospect Permission = "tokens:introspect"

	// EveryPermission implies every other, also those that a team invents
	// later. The role admin holds it, and nothing else may.
	EveryPermission Permission = "*:*"
)

// ParsePermission returns the permission that s spells, or an ErrInvalid on
// field. Each side of the colon is [a-z][a-z0-9_-]{0,62}.
func ParsePermission(field, s string) (Permission, error) {
	resource, action, ok := strings.Cut(s, ":")
	if !ok || !isName(resource) || !isName(action) {
		return "", Invalid(field, "must be a permission: resource:action, each in lower-case letters, digits, - and _, such as reports:read")
	}
	return Permission(s), nil
}

// Permissions is a set of permissions, sorted.
type Permissions []Permission

// NewPermissions returns the set of ps: sorted, each once.
func NewPermissions(ps ...Permission) Permissions {
	set := slices.Clone(ps)
	slices.Sort(set)
	return slices.Compact(set)
}

// Allow reports whether the set holds p, or EveryPermission.
func (ps Permissions) Allow(p Permission) bool {
	if len(ps) > 0 && ps[0] == EveryPermission { // '*' sorts before every letter
		return true
	}
	_, found := slices.BinarySearch(ps, p)
	return found
}

// Cover reports whether the set allows everything that other holds.
func (ps Permissions) Cover(other Permissions) bool {
	for _, p := range other {
		if !ps.Allow(p) {
			return false
		}
	}
	return true
}

// Scope returns the set as an OAuth 2.0 scope: the permissions with single
// spaces between them (RFC 6749 §3.3).
func (ps Permissions) Scope() string {
	var b strings.Builder
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(p))
	}
	return b.String()
}

// ScopePermissions returns the set whose Scope was given; it judges no name.
func ScopePermissions(scope string) Permissions {
	var ps Permissions
	for p := range strings.FieldsSeq(scope) {
		ps = append(ps, Permission(p))
	}
	return ps
}

// isName reports whether s is [a-z][a-z0-9_-]{0,62}.
func isName(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
