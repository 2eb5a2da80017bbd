package sqlstore_test

import (
	"slices"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
)

func TestAStatementThatADialectForgetsIsNamed(t *testing.T) {
	t.Parallel()
	q := new(sqlstore.Queries)
	q.Users.ByEmail = "SELECT 1"
	missing := q.Missing()
	if slices.Contains(missing, "users: by email") {
		t.Errorf("missing: got %q among them, want it absent", "users: by email")
	}
	for _, want := range []string{"mail tokens: delete of", "api keys: by id", "users: by id"} {
		if !slices.Contains(missing, want) {
			t.Errorf("missing: got %q, want %q among them", missing, want)
		}
	}
}
