package resourceserver

import (
	"context"
	"slices"
	"time"
)

// Caller is who a verified token speaks for.
type Caller struct {
	Subject   string   // a user's or a service's id
	Session   string   // sid; empty for a service
	ClientID  string   // of a service
	Roles     []string // of a user, when the token was issued or, with introspection, now
	Scope     []string // of a service: its permissions
	TokenID   string   // jti
	ExpiresAt time.Time
}

// HasAnyRole reports whether the caller holds at least one of the roles.
func (c *Caller) HasAnyRole(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(c.Roles, r) })
}

// HasScope reports whether the caller's scope holds the permission.
func (c *Caller) HasScope(permission string) bool { return slices.Contains(c.Scope, permission) }

type callerKey struct{}

// CallerOf returns the caller that the middleware let pass.
func CallerOf(ctx context.Context) (*Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(*Caller)
	return c, ok
}
