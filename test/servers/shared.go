package servers

import (
	"os"
	"sync"
	"testing"
)

var shared struct {
	sync.Mutex
	postgres *PostgresServer
}

// SharedPostgres returns the one PostgreSQL server of this test binary, started by the first test that asks. Tests
// that kill, stall or restart a server take one of their own, by Postgres.
func SharedPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.postgres == nil {
		shared.postgres = newPostgres(t)
	}
	return shared.postgres
}

// StopShared ends the shared servers, if any run. It is for a TestMain that has more to do than Main does.
func StopShared() {
	shared.Lock()
	defer shared.Unlock()
	if shared.postgres != nil {
		shared.postgres.remove()
		shared.postgres = nil
	}
}

// Main runs the tests, ends the shared servers, and exits. Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	StopShared()
	os.Exit(code)
}
