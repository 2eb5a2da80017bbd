package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestAWriteThatPanicsLeavesTheOthersAWriter(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", "file:"+t.TempDir()+"/x.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	g := newGroupWriter(&Dialect{Classify: func(error) Failure { return Unavailable }}, newPool(sqlx.NewDb(db, "sqlite"), 1))

	begun, joined, waited := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		defer func() { _ = recover() }()
		_ = g.do(t.Context(), func(context.Context, sqlx.ExtContext) error {
			close(begun)
			<-joined
			panic("a defect")
		})
	}()
	<-begun
	go func() {
		waited <- g.do(t.Context(), func(context.Context, sqlx.ExtContext) error { return nil })
	}()
	close(joined)
	select {
	case err := <-waited:
		if err != nil && !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("a write beside it: got %v, want success or unavailable", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a write beside it hangs")
	}
	if err := g.do(t.Context(), func(context.Context, sqlx.ExtContext) error { return nil }); err != nil {
		t.Errorf("the next write: got %v, want success", err)
	}
}
