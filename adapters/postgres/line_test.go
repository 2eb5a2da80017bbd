package postgres

import (
	"testing"

	"github.com/lib/pq"
)

// TestTheChangeFeedConnectsAsThePoolDoes reads the line's address as lib/pq does.
func TestTheChangeFeedConnectsAsThePoolDoes(t *testing.T) {
	t.Setenv("PGSSLMODE", "require")
	t.Setenv("PGCONNECT_TIMEOUT", "7")
	for _, address := range []string{
		"postgres://ada:p%40ss%2Fw%3Frd@db.example:5433/auth",
		"postgres://ada:secret@db.example/auth?sslmode=verify-full&connect_timeout=0",
		"postgresql://ada@one.example:5432,two.example:5433/auth?target_session_attrs=read-write&application_name=mine",
	} {
		pool, err := configure(address)
		if err != nil {
			t.Fatalf("configure: %v", err)
		}
		line, err := listenURL(address, pool)
		if err != nil {
			t.Fatalf("listenURL: %v", err)
		}
		got, err := pq.NewConfig(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got.Host != pool.Host || got.Port != pool.Port || got.User != pool.User || got.Password != pool.Password ||
			got.Database != pool.Database || got.SSLMode != pool.SSLMode || got.ConnectTimeout != pool.ConnectTimeout ||
			got.TargetSessionAttrs != pool.TargetSessionAttrs || len(got.Multi) != len(pool.Multi) {
			t.Errorf("%s: the line connects as %+v, want it as the pool: %+v", address, got, pool)
		}
		if got.ConnectTimeout <= 0 || got.SSLMode == "" {
			t.Errorf("%s: got connect_timeout %v and sslmode %q, want both set", address, got.ConnectTimeout, got.SSLMode)
		}
	}
}
