package sqlite

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoListReadsOrSortsAllUsers(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "plans.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := database(prepared(reading(s.path)))
	t.Cleanup(func() { _ = db.Close() })
	q := queries().Users
	for name, list := range map[string]struct {
		text, begins string
		args         int
	}{
		"all":               {q.List + q.Page, "SEARCH u USING PRIMARY KEY (id>?)", 2},
		"a few addresses":   {q.List + q.WhereFewEmails + q.Page, "SEARCH u USING PRIMARY KEY (id=?)", 4},
		"… and a role":      {q.List + q.WhereFewEmails + q.WhereRole + q.WhereActive + q.Page, "SEARCH u USING PRIMARY KEY (id=?)", 5},
		"many addresses":    {q.List + q.WhereEmail + q.Page, "SEARCH u USING PRIMARY KEY (id>?)", 4},
		"a role":            {q.ListByRole + q.PageByRole, "SEARCH r USING PRIMARY KEY (role=? AND user_id>?)", 3},
		"… of addresses":    {q.ListByRole + q.WhereEmail + q.WhereActive + q.PageByRole, "SEARCH r USING PRIMARY KEY (role=? AND user_id>?)", 5},
		"disabled":          {q.List + q.WhereDisabled + q.Page, "SEARCH u USING INDEX users_disabled (id>?)", 2},
		"… with a role":     {q.List + q.WhereRole + q.WhereDisabled + q.Page, "SEARCH u USING INDEX users_disabled (id>?)", 3},
		"counted addresses": {q.CountEmails, "CO-ROUTINE", 3},
		"accounts":          {q.Accounts, "SEARCH u USING PRIMARY KEY (id>?)", 2},
		"taken addresses":   {q.Taken, "SEARCH users USING COVERING INDEX sqlite_autoindex_users_2 (email=?)", 1},
	} {
		args := make([]any, list.args)
		for i := range args {
			args[i] = "9"
		}
		rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+strings.ReplaceAll(list.text, "$?", "?"), args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plan, err := stepsOf(rows)
		if err != nil || len(plan) == 0 {
			t.Fatalf("%s: got plan %q, %v", name, plan, err)
		}
		if !strings.HasPrefix(plan[0], list.begins) {
			t.Errorf("%s: got a plan that begins with %q, want %q", name, plan[0], list.begins)
		}
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN u") || strings.HasPrefix(step, "SCAN r") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: got %q in the plan, want neither a scan nor a sort", name, step)
			}
		}
	}
}

// stepsOf reads what EXPLAIN QUERY PLAN says.
func stepsOf(rows *sql.Rows) (plan []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return nil, err
		}
		plan = append(plan, step)
	}
	return plan, rows.Err()
}
