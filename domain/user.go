package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxNameLength is the longest name of a person or an API key, in characters.
const MaxNameLength = 200

// Status says whether a user may act.
type Status string

// The states of a user.
const (
	StatusActive   Status = "active"
	StatusDisabled Status = "disabled"
)

// User is a person with an account.
type User struct {
	ID     UserID
	Email  Email
	Name   string // as the person wrote it; may be empty
	Status Status
	Roles  []RoleName // sorted, each once
	// Version rises with anything that must end trust in what was issued
	// before: a new password, a disabling, ending all sessions. Not with
	// roles, which are always read as they are now.
	Version         int64
	EmailVerifiedAt time.Time // zero: not verified
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// NewUser returns an active account that is made at now, with the roles named,
// and the role user when none is.
func NewUser(id UserID, email Email, name string, roles []RoleName, now time.Time) User {
	if len(roles) == 0 {
		roles = []RoleName{RoleUser}
	}
	return User{
		ID: id, Email: email, Name: name, Status: StatusActive, Roles: RoleNames(roles...), Version: 1,
		CreatedAt: now, UpdatedAt: now,
	}
}

// Errors about users.
var (
	// ErrUserNotFound says that there is no such user.
	ErrUserNotFound = &Error{Kind: KindNotFound, Code: "not-found", Detail: "Not found"}
	// ErrUserChanged says that the user's version is not the expected one any
	// more, or that the user is gone or inactive: what was decided on the
	// older version must not be done.
	ErrUserChanged = &Error{Kind: KindConflict, Code: "user-changed", Detail: "The account changed meanwhile; try again"}
	// ErrLastAdmin says that nobody would be left to administer.
	ErrLastAdmin = &Error{Kind: KindConflict, Code: "last-admin", Detail: "The last active admin can't be removed, disabled or demoted"}
	// ErrUserInactive is the answer to an access token whose user is gone or disabled.
	ErrUserInactive = &Error{Kind: KindUnauthenticated, Code: "user-inactive", Detail: "User not found or inactive"}
)

// Active reports whether the user may act.
func (u User) Active() bool { return u.Status == StatusActive }

// EmailVerified reports whether the user proved the mailbox.
func (u User) EmailVerified() bool { return !u.EmailVerifiedAt.IsZero() }

// Has reports whether the user holds the role.
func (u User) Has(role RoleName) bool { return slices.Contains(u.Roles, role) }

// ActiveAdmin reports whether the user counts as an admin who can act.
func (u User) ActiveAdmin() bool { return u.Active() && u.Has(RoleAdmin) }

// ParseName returns a person's or a thing's name with the white space around
// it removed, or an ErrInvalid on field.
func ParseName(field, s string) (string, error) {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > MaxNameLength {
		return "", Invalid(field, fmt.Sprintf("must be at most %d characters", MaxNameLength))
	}
	if !utf8.ValidString(s) || strings.IndexFunc(s, isControl) >= 0 {
		return "", Invalid(field, "must be text without control characters")
	}
	return s, nil
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }
