package sqlite

import (
	"regexp"
	"testing"
)

func TestEveryStatementIsThereAndNamesItsColumns(t *testing.T) {
	t.Parallel()
	q := queries()
	if missing := q.Missing(); len(missing) > 0 {
		t.Errorf("missing statements: got %q, want none", missing)
	}
	star := regexp.MustCompile(`(?i)(SELECT|RETURNING|,)\s+(\w+\.)?\*`)
	for text, name := range q.Names() {
		if star.MatchString(text) {
			t.Errorf("%s: got %s, want columns by name", name, text)
		}
	}
}
