package conformance

import (
	"slices"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
)

// Case is one promise of a storage. Run proves it on a storage that is fresh,
// migrated and empty but for the built-in roles.
type Case struct {
	Name string
	Run  func(t testing.TB, s application.Storage)
}

// TestStore proves a storage adapter. open returns a storage of its own for
// each call, fresh, migrated and empty but for the built-in roles, and closes
// it by t.Cleanup. The cases run in parallel.
func TestStore(t *testing.T, open func(t *testing.T) application.Storage) {
	for _, c := range StoreCases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, open(t))
		})
	}
}

// StoreCases returns all that TestStore proves.
func StoreCases() []Case {
	return slices.Concat(
		schemaCases, userCases, userListCases, bulkCases, credentialCases,
		sessionCases, advanceCases, roleCases, stateCases, apiKeyCases,
		keyCases, leaseCases, mailCases, auditCases,
		transactionCases, raceCases, contextCases,
	)
}

var schemaCases = []Case{
	{"a migrated storage is current and answers", func(t testing.TB, s application.Storage) {
		status, err := s.Schema(t.Context())
		if err != nil || !status.Current() || !status.Compatible() {
			t.Errorf("Schema: got %+v, %v, want current and compatible", status, err)
		}
		for _, step := range status.Steps {
			if step.AppliedAt.IsZero() {
				t.Errorf("Schema: step %d %s: got pending, want applied", step.Version, step.Name)
			}
		}
		succeed(t, "Ping", s.Ping(t.Context()))
	}},
	{"migrating again, from several at once, changes nothing", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		together(4, func(int) { succeed(t, "Migrate", s.Migrate(t.Context())) })
		got, err := s.Users().User(t.Context(), user.ID)
		same(t, "User after Migrate", got, err, user)
	}},
}
