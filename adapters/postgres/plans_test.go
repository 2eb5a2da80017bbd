package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/servers"
)

// crowd is many enough that a plan which reads them all is told from one that
// does not. One in a hundred is a moderator, three are keepers, one in a
// hundred is disabled.
const crowd = 20_000

func populate(t *testing.T, s application.Storage) (ids []domain.UserID) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	var batch []domain.Account
	for i := range crowd {
		user := domain.User{
			ID: domain.UserID(newID()), Email: domain.StoredEmail(fmt.Sprintf("user%07d@example.com", i)), Status: domain.StatusActive,
			Roles: []domain.RoleName{domain.RoleUser}, Version: 1, CreatedAt: now, UpdatedAt: now,
		}
		switch {
		case i%100 == 7:
			user.Roles = []domain.RoleName{domain.RoleModerator, domain.RoleUser}
		case i%100 == 13:
			user.Status = domain.StatusDisabled
		case i%(crowd/3) == 5000:
			user.Roles = []domain.RoleName{"keeper", domain.RoleUser}
		}
		ids = append(ids, user.ID)
		if batch = append(batch, domain.Account{User: user}); len(batch) == 1000 {
			if added, err := application.Bulk(s).Import(t.Context(), batch); added != len(batch) || err != nil {
				t.Fatalf("Import: got %d, %v, want %d", added, err, len(batch))
			}
			batch = nil
		}
	}
	if err := application.Bulk(s).Settle(t.Context()); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	return ids
}

// TestNoListReadsAllUsers counts by the server's own statistics.
func TestNoListReadsAllUsers(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	s := migrated(t, postgres.Config{URL: url, MaxConns: 1})
	ids := populate(t, s)
	no, yes := false, true
	for name, list := range map[string]struct {
		filter application.UserFilter
		after  domain.UserID
		rows   int // that are on the page
		read   int // entries of indexes and rows, at most
	}{
		"all":                {rows: 51, read: 60},
		"the end of all":     {after: ids[crowd-10], rows: 9, read: 20},
		"one address":        {filter: application.UserFilter{EmailPrefix: "user0012345@example.com"}, rows: 1, read: 10},
		"some addresses":     {filter: application.UserFilter{EmailPrefix: "user00123"}, rows: 51, read: 400},
		"all addresses":      {filter: application.UserFilter{EmailPrefix: "user"}, rows: 51, read: 60},
		"a role of three":    {filter: application.UserFilter{Role: "keeper"}, rows: 3, read: 20},
		"a role of nobody":   {filter: application.UserFilter{Role: "nobodys"}, rows: 0, read: 10},
		"a role of some":     {filter: application.UserFilter{Role: domain.RoleModerator}, rows: 51, read: 6000}, // by id: every hundredth is one
		"a role of all":      {filter: application.UserFilter{Role: domain.RoleUser}, rows: 51, read: 60},
		"the disabled":       {filter: application.UserFilter{Active: &no}, rows: 51, read: 60},
		"the active":         {filter: application.UserFilter{Active: &yes}, rows: 51, read: 60},
		"everything at once": {filter: application.UserFilter{EmailPrefix: "user00123", Role: domain.RoleModerator, Active: &yes}, rows: 1, read: 400},
	} {
		page := application.Page[domain.UserID]{After: list.after, Limit: 51}
		const rounds = 7 // a prepared statement would be planned without its values by the last
		before := rowsRead(t, url, s)
		for range rounds {
			got, err := s.Users().List(t.Context(), list.filter, page)
			if err != nil || len(got) != list.rows {
				t.Fatalf("%s: got %d users, %v, want %d", name, len(got), err, list.rows)
			}
		}
		if read := (rowsRead(t, url, s) - before) / rounds; read > list.read {
			t.Errorf("%s: got %d rows read, want %d at most", name, read, list.read)
		}
	}
}

// rowsRead returns how many rows and entries of indexes were read of users,
// ever, by the one connection of s.
func rowsRead(t *testing.T, url string, s *postgres.Storage) (count int) {
	t.Helper()
	if err := s.Execute(t.Context(), "SELECT pg_stat_force_next_flush()"); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil { // idle again: the statistics are out
		t.Fatal(err)
	}
	err := raw(t, url).QueryRow(`SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'users')
		FROM pg_stat_user_tables WHERE relname = 'users'`).Scan(&count)
	if err != nil {
		t.Fatal(err)
	}
	return count
}
