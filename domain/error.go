package domain

import (
	"fmt"
	"time"
)

// Kind is what an error means to whoever gets it, in words of no transport.
type Kind int

// The kinds of errors.
const (
	KindInternal           Kind = iota // a defect, or something not foreseen
	KindInvalid                        // the input breaks a rule; Fields says which
	KindUnauthenticated                // the caller is not who they say, or did not say
	KindForbidden                      // known, and not allowed
	KindNotFound                       // not there, or not the caller's to see
	KindConflict                       // at odds with what is stored
	KindPreconditionFailed             // it moved since the caller read it
	KindRateLimited                    // too often; RetryAfter says when again
	KindOverloaded                     // no capacity now; RetryAfter says when again
	KindUnavailable                    // storage does not answer; nothing is known
)

// Error is an error of the domain. Two errors with the same Code are the same
// to errors.Is, whatever else they carry.
type Error struct {
	Kind       Kind
	Code       string        // stable, kebab case: "invalid-credentials"
	Detail     string        // a sentence for people; holds no secret
	Fields     []FieldError  // of KindInvalid: one for each broken rule
	RetryAfter time.Duration // of KindRateLimited and KindOverloaded
	Limit      *LimitStatus  // of KindRateLimited: which budget is used up
	Cause      error         // for logs, never for clients
}

// FieldError names one input that breaks a rule, and the rule.
type FieldError struct{ Field, Detail string }

// LimitStatus tells a throttled client of the budget that it used up.
type LimitStatus struct {
	Policy    string        // the limit's name
	Limit     int           // how many in one window
	Window    time.Duration // the window's length
	Remaining int           // how many are left
	Reset     time.Duration // until there are more
}

func (e *Error) Error() string {
	text := e.Detail
	for i, f := range e.Fields {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		text += fmt.Sprintf("%s%s: %s", sep, f.Field, f.Detail)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Is compares by Code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Because returns a copy of e that carries cause for the logs.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// After returns a copy of e that tells when to try again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// ErrInvalid is what every KindInvalid error of an input's fields is to errors.Is.
var ErrInvalid = &Error{Kind: KindInvalid, Code: "invalid-input", Detail: "Invalid input"}

// Invalid returns an ErrInvalid that names one field and the rule that it breaks.
func Invalid(field, detail string) *Error {
	return InvalidFields(FieldError{field, detail})
}

// InvalidFields returns an ErrInvalid that names several fields.
func InvalidFields(fields ...FieldError) *Error {
	e := *ErrInvalid
	e.Fields = fields
	return &e
}

// Errors that belong to no one type.
var (
	ErrNotFound           = &Error{Kind: KindNotFound, Code: "not-found", Detail: "Not found"}
	ErrRateLimited        = &Error{Kind: KindRateLimited, Code: "rate-limited", Detail: "Too many requests"}
	ErrOverloaded         = &Error{Kind: KindOverloaded, Code: "overloaded", Detail: "Service overloaded"}
	ErrUnavailable        = &Error{Kind: KindUnavailable, Code: "unavailable", Detail: "Service unavailable"}
	ErrPreconditionFailed = &Error{Kind: KindPreconditionFailed, Code: "precondition-failed", Detail: "It has changed since it was read; read it again"}
)
