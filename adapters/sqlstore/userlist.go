package sqlstore

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// A page of users is by id, whatever it is narrowed by. What it costs is
// decided by where the reading begins: with the users by id, or with those of
// an address, a role or a status, sorted. PostgreSQL sees from the values which
// are the fewer, if the statement is planned for them; for a database that
// plans without values it is seen to here.

func (s users) List(ctx context.Context, by application.UserFilter, page application.Page[domain.UserID]) ([]domain.User, error) {
	begin := s.beginWithin
	if s.dialect.PlansByValue {
		begin = s.begin
	}
	f, ending, err := begin(ctx, &by, cursor(page.After, beforeAll))
	if err != nil {
		return nil, err
	}
	if by.Role != "" {
		f.where(s.q.Users.WhereRole, string(by.Role))
	}
	switch {
	case by.Active == nil:
	case *by.Active:
		f.where(s.q.Users.WhereActive)
	default:
		f.where(s.q.Users.WhereDisabled)
	}
	f.where(ending, page.Limit)
	var rows []userRow
	if err := s.named(ctx, "users: list", &rows, f.text.String(), f.args...); err != nil {
		return nil, err
	}
	return each(rows, (*userRow).user), nil
}

// emailRange returns the addresses with a prefix: from the first, to before the
// second.
func emailRange(prefix string) (from, to string) {
	const last = "\U0010FFFF" // sorts after everything that an address holds
	return prefix, prefix + last
}

// begin returns the beginning of a list and its ending. It takes out of by what
// is seen to.
func (s users) begin(_ context.Context, by *application.UserFilter, after string) (*filter, string, error) {
	text := s.q.Users.List
	if *by != (application.UserFilter{}) {
		text = Unprepared + text
	}
	f := starting(text, after)
	if by.EmailPrefix != "" {
		from, to := emailRange(by.EmailPrefix)
		f.where(s.q.Users.WhereEmail, from, to)
	}
	return f, s.q.Users.Page, nil
}

// fewEmails is how many addresses of a range are few: it costs less to read
// them all than to go through the users by id until a page is full.
const fewEmails = 1000

// beginWithin is begin where the planner knows no values: with the addresses of
// the prefix when they are few, else with the disabled, who have an index by
// id, else with the holders of the role by id, else with everybody.
func (s users) beginWithin(ctx context.Context, by *application.UserFilter, after string) (*filter, string, error) {
	from, to := emailRange(by.EmailPrefix)
	if by.EmailPrefix != "" {
		var count int
		if err := s.one(ctx, &count, s.q.Users.CountEmails, from, to, fewEmails); err != nil {
			return nil, "", err
		}
		if count < fewEmails {
			f := starting(s.q.Users.List, after)
			f.where(s.q.Users.WhereFewEmails, from, to)
			return f, s.q.Users.Page, nil
		}
	}
	f, ending := starting(s.q.Users.List, after), s.q.Users.Page
	if by.Role != "" && (by.Active == nil || *by.Active) {
		f, ending = starting(s.q.Users.ListByRole, after, string(by.Role)), s.q.Users.PageByRole
		by.Role = ""
	}
	if by.EmailPrefix != "" {
		f.where(s.q.Users.WhereEmail, from, to)
	}
	return f, ending, nil
}
