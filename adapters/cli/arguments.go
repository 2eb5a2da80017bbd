package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/sallyport-auth/sallyport/domain"
)

// What can be judged by looking at it is judged while the command line is
// read, so that a typo in the last argument changes nothing.

// email is an argument that names a mailbox.
type email struct{ domain.Email }

// Decode is kong's.
func (e *email) Decode(ctx *kong.DecodeContext) (err error) {
	e.Email, err = decode(ctx, domain.ParseEmail)
	return err
}

// role is an argument that names a role.
type role domain.RoleName

// Decode is kong's.
func (r *role) Decode(ctx *kong.DecodeContext) error {
	name, err := decode(ctx, func(s string) (domain.RoleName, error) { return domain.ParseRoleName("role", s) })
	*r = role(name)
	return err
}

// permission is an argument that names a permission.
type permission domain.Permission

// Decode is kong's.
func (p *permission) Decode(ctx *kong.DecodeContext) error {
	name, err := decode(ctx, func(s string) (domain.Permission, error) { return domain.ParsePermission("permission", s) })
	*p = permission(name)
	return err
}

// lifetime is a duration that takes days too, as 90d or 1d12h; zero: not given.
type lifetime time.Duration

// Decode is kong's.
func (l *lifetime) Decode(ctx *kong.DecodeContext) error {
	d, err := decode(ctx, parseLifetime)
	*l = lifetime(d)
	return err
}

func parseLifetime(s string) (time.Duration, error) {
	const rule = "must be a positive duration such as 90d, 12h or 1d12h"
	var total time.Duration
	rest := s
	if days, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16) // 65,535 days are 179 years, and fit
		if err != nil {
			return 0, domain.Invalid("expires-in", rule)
		}
		total, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return 0, domain.Invalid("expires-in", rule)
		}
		total += d
	}
	if total <= 0 {
		return 0, domain.Invalid("expires-in", rule)
	}
	return total, nil
}

func decode[T any](ctx *kong.DecodeContext, parse func(string) (T, error)) (T, error) {
	var text string
	if err := ctx.Scan.PopValueInto(ctx.Value.Name, &text); err != nil {
		var none T
		return none, err
	}
	value, err := parse(text)
	if err != nil {
		return value, rule(err)
	}
	return value, nil
}

// rule returns the broken rule alone: kong names the argument already.
func rule(err error) error {
	if invalid, ok := err.(*domain.Error); ok && len(invalid.Fields) > 0 { //nolint:errorlint // what the parsers return, unwrapped
		return &UsageError{invalid.Fields[0].Detail}
	}
	return err
}
