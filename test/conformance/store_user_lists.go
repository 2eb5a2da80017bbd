package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var userListCases = []Case{
	{"users are listed by id, page by page", func(t testing.TB, s application.Storage) {
		a, b, c := newUser(), newUser(), newUser()
		for _, user := range []domain.User{c, a, b} {
			require(t, "Insert", s.Users().Insert(t.Context(), user))
		}
		list := func(after domain.UserID, limit int) ([]domain.User, error) {
			return s.Users().List(t.Context(), application.UserFilter{}, application.Page[domain.UserID]{After: after, Limit: limit})
		}
		got, err := list("", 2)
		same(t, "first page", got, err, []domain.User{a, b})
		got, err = list(b.ID, 2)
		same(t, "second page", got, err, []domain.User{c})
		got, err = list(c.ID, 2)
		same(t, "third page", got, err, nil)
	}},
	{"a list of users is narrowed by address, role and status", func(t testing.TB, s application.Storage) {
		percent := insertUser(t, s, withEmail("a%b@example.com"), withRoles("adm", domain.RoleUser))
		under := insertUser(t, s, withEmail("a_b@example.com"), withRoles(domain.RoleAdmin), disabled)
		plain := insertUser(t, s, withEmail("axb@example.com"), withRoles(domain.RoleAdmin, domain.RoleUser))
		bare := insertUser(t, s, withEmail("bob@example.com"), withRoles())
		yes, no := true, false
		for _, c := range []struct {
			name   string
			filter application.UserFilter
			want   []domain.User
		}{
			{"no filter", application.UserFilter{}, []domain.User{percent, under, plain, bare}},
			{"prefix", application.UserFilter{EmailPrefix: "a"}, []domain.User{percent, under, plain}},
			{"literal %", application.UserFilter{EmailPrefix: "a%"}, []domain.User{percent}},
			{"literal _", application.UserFilter{EmailPrefix: "a_"}, []domain.User{under}},
			{"backslash", application.UserFilter{EmailPrefix: `a\`}, nil},
			{"glob", application.UserFilter{EmailPrefix: "a*"}, nil},
			{"whole address", application.UserFilter{EmailPrefix: "bob@example.com"}, []domain.User{bare}},
			{"not a prefix", application.UserFilter{EmailPrefix: "ob@"}, nil},
			{"role", application.UserFilter{Role: domain.RoleAdmin}, []domain.User{under, plain}},
			{"role that begins another's name", application.UserFilter{Role: "adm"}, []domain.User{percent}},
			{"role nobody has", application.UserFilter{Role: "min"}, nil},
			{"active", application.UserFilter{Active: &yes}, []domain.User{percent, plain, bare}},
			{"disabled", application.UserFilter{Active: &no}, []domain.User{under}},
			{"all at once", application.UserFilter{EmailPrefix: "a", Role: domain.RoleAdmin, Active: &yes}, []domain.User{plain}},
		} {
			got, err := s.Users().List(t.Context(), c.filter, page[domain.UserID](9))
			same(t, c.name, got, err, c.want)
		}
		got, err := s.Users().List(t.Context(), application.UserFilter{Role: domain.RoleAdmin},
			application.Page[domain.UserID]{After: under.ID, Limit: 1})
		same(t, "second page of a role", got, err, []domain.User{plain})
	}},
	{"another active admin is neither oneself nor disabled nor a namesake", func(t testing.TB, s application.Storage) {
		admin := insertUser(t, s, withRoles(domain.RoleAdmin))
		insertUser(t, s, withRoles(domain.RoleAdmin), disabled)
		insertUser(t, s, withRoles("superadmin", "adm", "admin2"))
		got, err := s.Users().AnotherActiveAdmin(t.Context(), admin.ID)
		same(t, "AnotherActiveAdmin, alone", got, err, false)
		got, err = s.Users().AnotherActiveAdmin(t.Context(), newID[domain.UserID]())
		same(t, "AnotherActiveAdmin, of a stranger", got, err, true)
		insertUser(t, s, withRoles("a", domain.RoleAdmin, "z"))
		got, err = s.Users().AnotherActiveAdmin(t.Context(), admin.ID)
		same(t, "AnotherActiveAdmin, of two", got, err, true)
	}},
	{"a role is taken from all who hold it", func(t testing.TB, s application.Storage) {
		holder := insertUser(t, s, withRoles("editor", "editor2", domain.RoleUser))
		only := insertUser(t, s, withRoles("editor"), disabled)
		other := insertUser(t, s, withRoles("editor2"))
		later := noon.Add(time.Hour)
		require(t, "RemoveRole", s.Users().RemoveRole(t.Context(), "editor", later))
		holder.Roles, holder.UpdatedAt = domain.RoleNames("editor2", domain.RoleUser), later
		only.Roles, only.UpdatedAt = nil, later
		got, err := s.Users().List(t.Context(), application.UserFilter{}, page[domain.UserID](9))
		same(t, "users", got, err, []domain.User{holder, only, other})
		succeed(t, "RemoveRole of one that nobody holds", s.Users().RemoveRole(t.Context(), "nobodys", later))
	}},
}
