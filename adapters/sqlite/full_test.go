package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestWithNoRoomLeftReadsGoOnAndWritesComeBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "full.db")
	s, err := Open(t.Context(), Config{Path: path, Readers: 2})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	ask := func(pragma string) driver.Value {
		t.Helper()
		answer := make([]driver.Value, 1)
		err := s.OnWriter(t.Context(), func(ctx context.Context, conn any) error {
			rows, err := conn.(*watchedConn).QueryContext(ctx, "PRAGMA "+pragma, nil)
			if err != nil {
				return err
			}
			defer rows.Close()
			return rows.Next(answer)
		})
		if err != nil {
			t.Fatalf("%s: %v", pragma, err)
		}
		return answer[0]
	}
	pages := ask("page_count").(int64)
	limit := func(pages int64) {
		t.Helper()
		if now := ask(fmt.Sprintf("max_page_count = %d", pages)); now != pages {
			t.Fatalf("max_page_count: got %d, want %d", now, pages)
		}
	}
	insert := func() (domain.UserID, error) {
		id := uuid.Must(uuid.NewV7()).String()
		now := time.Now().UTC()
		return domain.UserID(id), s.Users().Insert(t.Context(), domain.User{
			ID: domain.UserID(id), Email: domain.StoredEmail(id + "@example.com"), Status: domain.StatusActive,
			Version: 1, CreatedAt: now, UpdatedAt: now,
		})
	}

	limit(pages + 2)
	var stored []domain.UserID
	for {
		id, err := insert()
		if err != nil {
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Insert with no room: got %v, want ErrUnavailable", err)
			}
			break
		}
		if stored = append(stored, id); len(stored) > 10_000 {
			t.Fatal("the database never got full")
		}
	}
	for _, id := range stored {
		if _, err := s.Users().User(t.Context(), id); err != nil {
			t.Errorf("User while there is no room: %v", err)
		}
	}
	if verdict := ask("integrity_check"); verdict != "ok" {
		t.Errorf("integrity_check: got %v, want ok", verdict)
	}
	limit(pages + 100)
	if _, err := insert(); err != nil {
		t.Errorf("Insert when there is room again: got %v, want nil", err)
	}
}
