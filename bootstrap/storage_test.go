package bootstrap

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
)

// schemaOnly is a storage of which only the schema counts.
type schemaOnly struct {
	application.Storage
	status   application.SchemaStatus
	err      error
	migrated bool
}

func (s *schemaOnly) Schema(context.Context) (application.SchemaStatus, error) {
	return s.status, s.err
}

func (s *schemaOnly) Migrate(context.Context) error {
	s.migrated = true
	return nil
}

func TestACommandCreatesASchemaAndUpgradesNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status   application.SchemaStatus
		migrates bool
		refusal  string
		wrong    bool
	}{
		"empty":                 {application.SchemaStatus{Version: 0, Latest: 3}, true, "", false},
		"current":               {application.SchemaStatus{Version: 3, Latest: 3, Oldest: 2}, false, "", false},
		"newer, yet compatible": {application.SchemaStatus{Version: 4, Latest: 3, Oldest: 2}, false, "", false},
		"older":                 {application.SchemaStatus{Version: 2, Latest: 3, Oldest: 1}, false, "sallyport migrate up", false},
		"too new":               {application.SchemaStatus{Version: 5, Latest: 3, Oldest: 4}, false, "run the newer release", true},
	} {
		storage := &schemaOnly{status: c.status}
		err := requireSchema(t.Context(), storage)
		if storage.migrated != c.migrates {
			t.Errorf("%s: migrated %t, want %t", name, storage.migrated, c.migrates)
		}
		if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s: got %v, want %q", name, err, c.refusal)
		}
		if err != nil && isWrong(err) != c.wrong {
			t.Errorf("%s: got %v, want exit code 2: %t", name, err, c.wrong)
		}
	}
	if err := requireSchema(t.Context(), &schemaOnly{err: errors.New("down")}); err == nil || isWrong(err) {
		t.Errorf("unreachable: got %v, want an error of exit code 1", err)
	}
}
