package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestWithNoRoomLeftReadsGoOnAndWritesComeBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "full.db")
	write := open(writing(path, "1500"))
	s, err := onDatabases(path, sqlstore.Databases{Write: write, Writes: 1, Read: open(reading(path)), Reads: 2})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	var pages int
	if err := write.Get(&pages, "PRAGMA page_count"); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		t.Helper()
		var now int
		if err := write.Get(&now, fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil || now != pages {
			t.Fatalf("max_page_count: got %d, %v, want %d", now, err, pages)
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
	var verdict string
	if err := write.Get(&verdict, "PRAGMA integrity_check"); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: got %q, %v, want ok", verdict, err)
	}
	limit(pages + 100)
	if _, err := insert(); err != nil {
		t.Errorf("Insert when there is room again: got %v, want nil", err)
	}
}
