package sqlstore

import (
	"reflect"
	"strings"
	"unicode"
)

// Queries is every statement that a dialect brings. Parameters are $1, $2, …
// in the order in which the port's method here passes them; columns are named,
// so that a newer release's column disturbs nobody.
//
// Columns of a user are always user_id, email, name, status, roles, version,
// email_verified_at, user_created_at, user_updated_at; those of a session
// session_id, user_version, generation, session_created_at, rotated_at,
// idle_expires_at, expires_at, revoked_at, address, user_agent. Lists of names
// are JSON arrays.
type Queries struct {
	Users struct {
		Insert, ByID, ByEmail, Update, Delete, AnotherActiveAdmin, RemoveRole string
		List, ListByRole                                                      string // users after an id, and those of a role, with no ORDER BY
		WhereEmail, WhereRole, WhereActive, WhereDisabled, Page, PageByRole   string // continue them, each parameter a $?
		CountEmails, WhereFewEmails                                           string // the addresses of a range, counted up to a bound; WhereEmail when they are few
		Taken, Accounts, Settle                                               string
	}
	Credentials struct{ AccountByEmail, AccountByID, PutPassword, Rehash string }
	Sessions    struct{ Insert, ByID, Advance, Revoke, ListByUser, Sweep string }
	Roles       struct{ All, ByName, Put, Delete, Permissions string }
	APIKeys     struct{ Insert, ByID, List, Revoke, Touch string }
	State       struct{ Session string }
	SigningKeys struct{ All, Put, Delete string }
	MailTokens  struct{ Insert, ByID, Delete, DeleteOf, Sweep string }
	Outbox      struct{ Append, Due, Reschedule, Delete string }
	Audit       struct {
		Append, Sweep                                   string
		List                                            string // events before an id, with no ORDER BY
		WhereSubject, WhereType, WhereSince, WhereUntil string
		Page                                            string
	}
	Leases  struct{ Acquire, Release string }
	Secrets struct{ Ensure, All, Replace string }
	Schema  struct {
		Exists  string // one row, whether the table of versions is there
		Applied string // version and time of each applied step, in order
		Oldest  string // the oldest compatible release
	}
}

// Names returns what each statement is for, such as "users: by email", by its
// text.
func (q *Queries) Names() map[string]string {
	names := map[string]string{}
	q.each(func(name, text string) { names[text] = name })
	return names
}

// Missing returns the names of the statements that are empty.
func (q *Queries) Missing() []string {
	var missing []string
	q.each(func(name, text string) {
		if strings.TrimSpace(text) == "" {
			missing = append(missing, name)
		}
	})
	return missing
}

func (q *Queries) each(visit func(name, text string)) {
	stores := reflect.ValueOf(q).Elem()
	for i := range stores.NumField() {
		store := stores.Field(i)
		for j := range store.NumField() {
			visit(words(stores.Type().Field(i).Name)+": "+words(store.Type().Field(j).Name), store.Field(j).String())
		}
	}
}

// words turns MailTokens into "mail tokens".
func words(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
