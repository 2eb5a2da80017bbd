package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/adapters/sqlite"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// With this variable set the test binary migrates the file that it names.
const migrator = "SALLYPORT_X_SQLITE_MIGRATOR"

func TestEightMigratingProcessesAtOnceConverge(t *testing.T) {
	if path := os.Getenv(migrator); path != "" {
		migrated(t, path)
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new.db")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEightMigratingProcessesAtOnceConverge$")
			cmd.Env = append(os.Environ(), migrator+"="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("migrator: %v\n%s", err, out)
			}
		})
		all.Go(func() { migrated(t, path) })
	}
	all.Wait()
	status, err := opened(t, path).Schema(t.Context())
	if err != nil || !status.Current() {
		t.Errorf("Schema: got %+v, %v, want current", status, err)
	}
}

func TestLookingAtADatabaseThatIsNotThereMakesNone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.db")
	s := opened(t, path)
	status, err := s.Schema(t.Context())
	if err != nil || status.Version != 0 || status.Latest == 0 || len(status.Steps) == 0 {
		t.Errorf("Schema: got %+v, %v, want version 0 and pending steps", status, err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Ping: got %v, want ErrUnavailable", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: got %v, want none", err)
	}
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.db")
	migrated(t, path)
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("files: got %v, %v", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s: got %o, want 600", file, info.Mode().Perm())
		}
	}
}

func TestWhatIsStoredIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name #1 %41.db")
	s := migrated(t, path)
	want := newUser(t, s)
	again := migrated(t, path)
	got, err := again.Users().UserByEmail(t.Context(), want.Email)
	if err != nil || got.ID != want.ID || !got.CreatedAt.Equal(want.CreatedAt) {
		t.Errorf("UserByEmail: got %+v, %v, want %+v", got, err, want)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file: %v", err)
	}
}

func TestOneRefusedWriteLeavesThoseBesideItAlone(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "group.db"))
	taken := newUser(t, s)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			user := userNow()
			if i%2 == 0 {
				user.ID = taken.ID // an error of SQLite's, in the middle of a group
				if err := s.Users().Insert(t.Context(), user); err == nil {
					t.Error("Insert of an id that is taken: got nil, want an error")
				}
				return
			}
			if err := s.Users().Insert(t.Context(), user); err != nil {
				t.Errorf("Insert: %v", err)
			}
			if _, err := s.Users().User(t.Context(), user.ID); err != nil {
				t.Errorf("User: %v", err)
			}
		})
	}
	all.Wait()
}

func TestChangesAreToldBeforeTheWriteReturns(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "told.db"))
	newUser(t, s) // a connection's first transaction finds that somebody else, here the migration, has written
	var told []application.Change
	s.OnChange(func(changes ...application.Change) { told = append(told, changes...) })
	user := newUser(t, s)
	if len(told) > 0 {
		t.Errorf("changes of a new user: got %v, want none", told)
	}
	for name, write := range map[application.Change]func() error{
		{Kind: application.ChangedUser, ID: string(user.ID)}: func() error { return s.Users().Update(t.Context(), user) },
		{Kind: application.ChangedRole, ID: "ops"}: func() error {
			return s.Roles().Put(t.Context(), domain.Role{Name: "ops", CreatedAt: user.CreatedAt, UpdatedAt: user.CreatedAt})
		},
		{Kind: application.ChangedSigningKey, ID: "kid"}: func() error {
			return s.SigningKeys().Put(t.Context(), domain.SigningKey{ID: "kid", Sealed: []byte{1}, CreatedAt: user.CreatedAt, StateAt: user.CreatedAt})
		},
		{Kind: application.ChangedEverything}: func() error { return s.Users().RemoveRole(t.Context(), "ops", user.CreatedAt) },
	} {
		told = nil
		if err := write(); err != nil || !slices.Equal(told, []application.Change{name}) {
			t.Errorf("changes: got %v, %v, want %v", told, err, name)
		}
	}
}

func TestAURLNamesAFile(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"sqlite:sallyport.db":     "sallyport.db",
		"sqlite:/var/lib/s.db":    "/var/lib/s.db",
		"sqlite:///var/lib/s.db":  "/var/lib/s.db",
		"sqlite:../data/s one.db": "../data/s one.db",
		"sqlite:":                 "",
		"sqlite::memory:":         "",
		"sqlite:file::memory:":    "",
		"sqlite://host/s.db":      "",
		"sqlite:s.db?mode=ro":     "",
		"s.db":                    "",
	} {
		got, err := sqlite.ParseURL(url)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseURL(%s): got %q, %v, want %q", url, got, err, want)
		}
	}
}

func userNow() domain.User {
	id := uuid.Must(uuid.NewV7()).String()
	now := time.Now().UTC().Truncate(time.Microsecond)
	return domain.User{
		ID: domain.UserID(id), Email: domain.StoredEmail(id + "@example.com"), Status: domain.StatusActive,
		Roles: []domain.RoleName{domain.RoleUser}, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}

func newUser(t *testing.T, s application.Tx) domain.User {
	t.Helper()
	user := userNow()
	if err := s.Users().Insert(t.Context(), user); err != nil {
		t.Fatalf("insert a user: %v", err)
	}
	return user
}
