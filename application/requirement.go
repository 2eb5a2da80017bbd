package application

import (
	"strings"

	"github.com/sallyport-auth/sallyport/domain"
)

// Requirement is what a route, or a question, asks of a principal: each part
// that is set must hold.
type Requirement struct {
	Permission domain.Permission
	AnyRole    []domain.RoleName
}

// Met reports whether the principal has what is required.
func (r Requirement) Met(p domain.Principal) bool {
	return (r.Permission == "" || p.Can(r.Permission)) && (len(r.AnyRole) == 0 || p.HasAny(r.AnyRole...))
}

// String names what is required, for the log.
func (r Requirement) String() string {
	var parts []string
	if r.Permission != "" {
		parts = append(parts, "permission "+string(r.Permission))
	}
	if len(r.AnyRole) > 0 {
		names := make([]string, len(r.AnyRole))
		for i, n := range r.AnyRole {
			names[i] = string(n)
		}
		parts = append(parts, "any role of "+strings.Join(names, ", "))
	}
	return strings.Join(parts, " and ")
}
