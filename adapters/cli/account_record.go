package cli

import (
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// accountRecord is an account in a file that is imported or exported. An absent
// member and null are the same, and so is an empty cell of CSV.
type accountRecord struct {
	Email         string    `json:"email"`
	PasswordHash  string    `json:"password_hash,omitempty"` // none: no login until a reset
	Name          string    `json:"name"`
	Roles         *[]string `json:"roles"`     // absent: user
	IsActive      *bool     `json:"is_active"` // absent: true
	EmailVerified bool      `json:"email_verified"`
	CreatedAt     string    `json:"created_at"` // RFC 3339; absent: now
}

// accountColumns are the members by name, in the order of CSV's columns.
var accountColumns = []string{"email", "password_hash", "name", "roles", "is_active", "email_verified", "created_at"}

// noRoles is CSV's cell of somebody who has none, not even user.
const noRoles = "-"

// user returns what is to be imported: domain.ErrInvalid, which quotes nothing.
func (r accountRecord) user(line int) (application.ImportedUser, error) {
	u := application.ImportedUser{
		Line: line, Hash: domain.NewPasswordHash(r.PasswordHash),
		Active: r.IsActive == nil || *r.IsActive, Verified: r.EmailVerified,
	}
	var err error
	if r.Email == "" {
		return u, domain.Invalid("email", "is required")
	}
	if u.Email, err = domain.ParseEmail(r.Email); err != nil {
		return u, err
	}
	if u.Name, err = domain.ParseName("name", r.Name); err != nil {
		return u, err
	}
	if r.Roles != nil {
		u.Roles = make([]domain.RoleName, len(*r.Roles))
		for i, name := range *r.Roles {
			if u.Roles[i], err = domain.ParseRoleName("roles", name); err != nil {
				return u, err
			}
		}
	}
	if r.CreatedAt != "" {
		at, err := time.Parse(time.RFC3339, r.CreatedAt)
		if err != nil {
			return u, domain.Invalid("created_at", "must be a time as in RFC 3339, such as 2026-03-01T12:00:00Z")
		}
		u.CreatedAt = at.UTC().Truncate(time.Microsecond)
	}
	return u, nil
}

func recordOf(a domain.Account) accountRecord {
	u := a.User
	roles := make([]string, len(u.Roles))
	for i, role := range u.Roles {
		roles[i] = string(role)
	}
	active := u.Active()
	return accountRecord{
		Email: u.Email.String(), PasswordHash: a.Password.Hash.Reveal(), Name: u.Name, Roles: &roles,
		IsActive: &active, EmailVerified: u.EmailVerified(), CreatedAt: u.CreatedAt.Format(time.RFC3339Nano),
	}
}

// parseJSONRecord reads one line of JSON Lines, strictly: an object, no unknown
// and no repeated member, valid UTF-8.
func parseJSONRecord(line []byte) (r accountRecord, err error) {
	if err = json.Unmarshal(line, &r, json.RejectUnknownMembers(true)); err != nil {
		return r, jsonReason(err)
	}
	return r, nil
}

// jsonReason says which rule a line breaks, in words that quote no value.
func jsonReason(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		member := strings.TrimPrefix(string(semantic.JSONPointer), "/")
		switch {
		case errors.Is(semantic.Err, json.ErrUnknownName):
			return domain.Invalid(printable(member), "is no member of a user; there are "+strings.Join(accountColumns, ", "))
		case member != "":
			return domain.Invalid(printable(member), "has the wrong type")
		}
		return domain.Invalid("line", "must be a JSON object")
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && errors.Is(syntactic.Err, jsontext.ErrDuplicateName) {
		return domain.Invalid("line", "has a member twice")
	}
	return domain.Invalid("line", "is not valid JSON")
}
