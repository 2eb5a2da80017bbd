package conformance

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// noon is when everything here happens: a moment that only whole microseconds
// can tell.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 123_457_000, time.UTC)

// lives are the lifetimes of the sessions here.
var lives = domain.Lifetimes{Access: 5 * time.Minute, Idle: time.Hour, Absolute: 24 * time.Hour}

// newID returns an identifier above all earlier ones.
func newID[ID ~string]() ID { return ID(uuid.Must(uuid.NewV7()).String()) }

func newUser(edits ...func(*domain.User)) domain.User {
	id := newID[domain.UserID]()
	user := domain.User{
		ID: id, Email: domain.StoredEmail(string(id) + "@example.com"), Name: "Ada Lovelace",
		Status: domain.StatusActive, Roles: []domain.RoleName{domain.RoleUser}, Version: 1,
		CreatedAt: noon, UpdatedAt: noon.Add(time.Microsecond),
	}
	for _, edit := range edits {
		edit(&user)
	}
	return user
}

func insertUser(t testing.TB, s application.Tx, edits ...func(*domain.User)) domain.User {
	t.Helper()
	user := newUser(edits...)
	require(t, "insert a user", s.Users().Insert(t.Context(), user))
	return user
}

func withRoles(names ...domain.RoleName) func(*domain.User) {
	return func(u *domain.User) { u.Roles = domain.RoleNames(names...) }
}

func withEmail(address string) func(*domain.User) {
	return func(u *domain.User) { u.Email = domain.StoredEmail(address) }
}

func disabled(u *domain.User) { u.Status = domain.StatusDisabled }

func updateUser(t testing.TB, s application.Tx, user domain.User, edits ...func(*domain.User)) domain.User {
	t.Helper()
	for _, edit := range edits {
		edit(&user)
	}
	require(t, "update a user", s.Users().Update(t.Context(), user))
	return user
}

func newSession(user domain.User, edits ...func(*domain.Session)) domain.Session {
	client := domain.Client{Address: "192.0.2.7", UserAgent: "kit/1"}
	session := domain.NewSession(newID[domain.SessionID](), user, noon, lives, client)
	for _, edit := range edits {
		edit(&session)
	}
	return session
}

func insertSession(t testing.TB, s application.Tx, user domain.User, edits ...func(*domain.Session)) domain.Session {
	t.Helper()
	session := newSession(user, edits...)
	require(t, "insert a session", s.Sessions().Insert(t.Context(), session))
	return session
}

func newPassword(user domain.UserID, hash string) domain.Credential {
	return domain.Credential{
		ID: newID[domain.CredentialID](), UserID: user, Kind: domain.CredentialPassword,
		Hash: domain.NewPasswordHash(hash), CreatedAt: noon, UpdatedAt: noon,
	}
}

func putPassword(t testing.TB, s application.Tx, user domain.UserID, hash string) domain.Credential {
	t.Helper()
	password := newPassword(user, hash)
	require(t, "put a password", s.Credentials().PutPassword(t.Context(), password))
	return password
}

// page is up to n items from the start.
func page[ID ~string](n int) application.Page[ID] { return application.Page[ID]{Limit: n} }

var comparison = cmp.Options{
	cmp.AllowUnexported(domain.Secret{}, domain.Email{}),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() }),
	cmpopts.EquateEmpty(),
}

// same reports what differs between what a port returned and what it should.
func same[T any](t testing.TB, what string, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: got error %v, want none", what, err)
		return
	}
	if diff := cmp.Diff(want, got, comparison); diff != "" {
		t.Errorf("%s: got %+v, want %+v; (-want +got):\n%s", what, got, want, diff)
	}
}

// refuse reports an error that is not the wanted one.
func refuse(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// succeed reports an error.
func succeed(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: got error %v, want none", what, err)
	}
}

// require ends the case on an error: without what it did the rest means nothing.
func require(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: got error %v, want none", what, err)
	}
}

// count reports how many things there are, if not as many as wanted.
func count(t testing.TB, what string, got int, err error, want int) {
	t.Helper()
	same(t, what, got, err, want)
}

// together runs f n times at once and returns when all are done. f must not
// end the case, only report.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

// tally counts by outcome what several runs at once came to.
type tally struct {
	mu   sync.Mutex
	seen map[string]int
}

// add counts an outcome: yes or no, or the error.
func (c *tally) add(yes bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]int{}
	}
	key := fmt.Sprint(yes)
	if err != nil {
		key = err.Error()
		var known *domain.Error
		if errors.As(err, &known) {
			key = known.Code
		}
	}
	c.seen[key]++
}

// want reports outcomes that are not the wanted ones.
func (c *tally) want(t testing.TB, what string, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, c.seen); diff != "" {
		t.Errorf("%s: got outcomes %v, want %v", what, c.seen, want)
	}
}
