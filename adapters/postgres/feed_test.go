package postgres_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
)

// The guards of the feed, and the test that failed when each was taken away:
//
//	everything is told anew after LISTEN    TestACutIsToldAtOnceAndEverythingIsToldAnewAfterIt
//	a cut waits for no beat                 TestACutIsToldEvenWhileThePoolIsStuck
//	a line that falls silent is given up    TestABlackholeIsALossWithinTheWindow
//	so is one that never beats              TestBeatsProveThatPoolAndLineLeadToOneServer
//	a beat counts from its sending          TestABeatOverASlowLineClaimsNoMoreThanItSaw
//	beats go through the pool               TestBeatsProveThatPoolAndLineLeadToOneServer
//	beats wait for nobody in the pool       TestACrowdThatTakesThePoolDoesNotSilenceTheFeed
//	connecting ends with the context        TestFollowingADatabaseThatIsAwayEndsWithItsContext
//	an unknown COMMIT is a change           TestACommitWithNoAnswerIsUnavailableAndCountsAsAChange
//	each trigger, and each of its columns   TestWhatIsChangedByHandIsHeard
//	the triggers' conditions                TestPostgresIsAChangeFeed, its silence

var everything = application.Change{Kind: application.ChangedEverything}

func TestPostgresIsAStateReader(t *testing.T) {
	t.Parallel()
	conformance.TestStateReader(t, func(t *testing.T) application.Storage {
		return migrated(t, postgres.Config{MaxConns: 8})
	})
}

func twoReplicas(t *testing.T) (a, b application.Storage) {
	config := postgres.Config{URL: migratedDatabase(t), MaxConns: 4}
	return opened(t, config), opened(t, config)
}

func TestPostgresIsAChangeFeed(t *testing.T) {
	t.Parallel()
	conformance.TestChangeFeed(t, twoReplicas)
	conformance.TestChangeFeedIsSilent(t, twoReplicas)
}

func TestPostgresIsAChangeFeedBehindPgBouncer(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	bouncer := servers.PgBouncer(t, server.Addr())
	conformance.TestChangeFeed(t, func(t *testing.T) (a, b application.Storage) {
		direct := migratedDatabase(t)
		config := postgres.Config{URL: bouncer.URL(databaseOf(t, direct)), DirectURL: direct, MaxConns: 4, Unprepared: true}
		return opened(t, config), opened(t, config)
	})
}

func databaseOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(parsed.Path, "/")
}

func TestWhatIsChangedByHandIsHeard(t *testing.T) {
	t.Parallel()
	address := migratedDatabase(t)
	s := opened(t, postgres.Config{URL: address})
	db := raw(t, address)
	user := newUser(t, s)
	session := newSession(t, s, user)
	key := newID()
	run(t, db, "INSERT INTO api_keys VALUES ($1, 'k', 'h', '[]', 'me', now())", key)
	h := conformance.Listen(t, s)
	h.AwaitBeat(time.Now())
	from := h.Len()
	var want []application.Change
	for _, c := range []struct {
		statement string
		kind      application.ChangeKind
		id        string
	}{
		{"UPDATE users SET status = 'disabled'", application.ChangedUser, string(user.ID)},
		{"UPDATE users SET version = 2", application.ChangedUser, string(user.ID)},
		{"UPDATE users SET email = 'x@example.com'", application.ChangedUser, string(user.ID)},
		{"UPDATE users SET name = 'Grace'", application.ChangedUser, string(user.ID)},
		{"UPDATE users SET roles = '[]'", application.ChangedUser, string(user.ID)},
		{"UPDATE users SET email_verified_at = now()", application.ChangedUser, string(user.ID)},
		{"UPDATE sessions SET revoked_at = now()", application.ChangedSession, string(session.ID)},
		{"UPDATE roles SET permissions = '[\"users:read\"]' WHERE name = 'user'", application.ChangedRole, "user"},
		{"UPDATE api_keys SET revoked_at = now()", application.ChangedAPIKey, key},
		{"UPDATE api_keys SET permissions = '[\"users:read\"]'", application.ChangedAPIKey, key},
		{"UPDATE api_keys SET expires_at = now()", application.ChangedAPIKey, key},
		{"DELETE FROM api_keys", application.ChangedAPIKey, key},
		{"INSERT INTO signing_keys VALUES ('kid', 'ES256', 'published', '', now(), now())", application.ChangedSigningKey, "kid"},
		{"UPDATE signing_keys SET state = 'withdrawn'", application.ChangedSigningKey, "kid"},
		{"DELETE FROM signing_keys", application.ChangedSigningKey, "kid"},
		{"DELETE FROM sessions", application.ChangedSession, string(session.ID)},
		{"DELETE FROM users", application.ChangedUser, string(user.ID)},
		{"TRUNCATE sessions", application.ChangedEverything, ""},
	} {
		run(t, db, c.statement)
		want = append(want, application.Change{Kind: c.kind, ID: c.id})
	}
	h.AwaitBeat(time.Now())
	if got := h.Changes(from); !slices.Equal(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
}

// lines is a storage whose pool and whose direct line go through proxies.
type lines struct {
	*postgres.Storage
	pool, direct *faults.Proxy
	address      string
}

func throughProxies(t *testing.T, conns int) lines {
	t.Helper()
	server := servers.SharedPostgres(t)
	l := lines{pool: faults.New(t, server.Addr()), direct: faults.New(t, server.Addr()), address: migratedDatabase(t)}
	l.Storage = opened(t, postgres.Config{URL: l.pool.Through(l.address), DirectURL: l.direct.Through(l.address), MaxConns: conns})
	return l
}

// wantAfresh fails unless, after a loss, everything is told to have changed
// before the first beat; it returns the place of that beat.
func wantAfresh(t *testing.T, h *conformance.Hearing, lost int) {
	t.Helper()
	isBeat := func(one conformance.Heard) bool { return !one.Beat.IsZero() }
	beat := h.Await("beat after the loss", lost, isBeat)
	heard := h.Since(lost)[:beat-lost]
	if !slices.ContainsFunc(heard, func(one conformance.Heard) bool { return slices.Contains(one.Changes, everything) }) {
		t.Errorf("before the first beat after a loss: heard %v, want everything to have changed", heard)
	}
	later := h.Since(lost)[beat-lost].Beat
	for _, one := range h.Since(0)[:lost] {
		if one.Beat.Equal(later) {
			t.Errorf("a beat of before the loss, sent at %v, came again after it", later)
		}
	}
}

func TestACutIsToldAtOnceAndEverythingIsToldAnewAfterIt(t *testing.T) {
	t.Parallel()
	l := throughProxies(t, 4)
	h := conformance.Listen(t, l)
	h.AwaitBeat(time.Now())
	for range 3 {
		from := h.Len()
		l.direct.Reset()
		lost := h.AwaitLoss(from)
		wantAfresh(t, h, lost)
	}
}

// TestACutIsToldEvenWhileThePoolIsStuck has a beat on its way that nobody
// answers for two seconds.
func TestACutIsToldEvenWhileThePoolIsStuck(t *testing.T) {
	t.Parallel()
	l := throughProxies(t, 4)
	h := conformance.Listen(t, l)
	h.AwaitBeat(time.Now())
	l.pool.Blackhole()
	time.Sleep(700 * time.Millisecond) // a beat is sent every 500 ms
	from, cut := h.Len(), time.Now()
	l.direct.Reset()
	h.AwaitLoss(from)
	if took := time.Since(cut); took > time.Second {
		t.Errorf("the loss was told %v after the cut, want it at once", took)
	}
	l.pool.Pass()
}

func TestABlackholeIsALossWithinTheWindow(t *testing.T) {
	t.Parallel()
	l := throughProxies(t, 4)
	h := conformance.Listen(t, l)
	h.AwaitBeat(time.Now())
	from := h.Len()
	l.direct.Blackhole()
	silent := time.Now()
	lost := h.AwaitLoss(from)
	for _, one := range h.Since(from)[:lost-from] {
		if one.Beat.After(silent) {
			t.Errorf("heard a beat that was sent %v after the line went silent", one.Beat.Sub(silent))
		}
	}
	l.direct.Pass()
	wantAfresh(t, h, lost)
}

// TestABeatOverASlowLineClaimsNoMoreThanItSaw changes something all the time
// that beats are on their way: each must come after all that was committed
// before it was sent.
func TestABeatOverASlowLineClaimsNoMoreThanItSaw(t *testing.T) {
	t.Parallel()
	l := throughProxies(t, 4)
	other := opened(t, postgres.Config{URL: l.address, MaxConns: 1})
	user := newUser(t, other)
	h := conformance.Listen(t, l)
	h.AwaitBeat(time.Now())
	l.direct.Delay(300 * time.Millisecond)
	from := h.Len()
	var committed []time.Time
	for range 40 {
		user.Version++
		if err := other.Users().Update(t.Context(), user); err != nil {
			t.Fatalf("Update: %v", err)
		}
		committed = append(committed, time.Now())
		time.Sleep(30 * time.Millisecond)
	}
	h.AwaitBeat(time.Now())
	told := 0
	for _, one := range h.Since(from) {
		told += len(one.Changes)
		before := 0
		for _, at := range committed {
			if at.Before(one.Beat) {
				before++
			}
		}
		if before > told {
			t.Errorf("a beat says that the %d changes that were committed before %v are told; %d were", before, one.Beat, told)
		}
	}
	if told != len(committed) {
		t.Errorf("told of %d changes, want %d", told, len(committed))
	}
}

// TestBeatsProveThatPoolAndLineLeadToOneServer has them lead to two databases:
// the line is alive, and hears of nothing that the pool does.
func TestBeatsProveThatPoolAndLineLeadToOneServer(t *testing.T) {
	t.Parallel()
	elsewhere := servers.SharedPostgres(t).CreateDatabase(t)
	s := opened(t, postgres.Config{URL: migratedDatabase(t), DirectURL: elsewhere, MaxConns: 4})
	h := conformance.Listen(t, s)
	lost := h.AwaitLoss(0)
	for _, one := range h.Since(0)[:lost] {
		if !one.Beat.IsZero() {
			t.Error("heard a beat over a line to another database, want none")
		}
	}
	if got := h.Since(0)[lost].Lost.Error(); !strings.Contains(got, "different servers") {
		t.Errorf("loss: got %q, want it to say what may be wrong", got)
	}
}

// TestACrowdThatTakesThePoolDoesNotSilenceTheFeed holds every connection for
// several beats: authorizing goes on from memory only as long as they come.
func TestACrowdThatTakesThePoolDoesNotSilenceTheFeed(t *testing.T) {
	t.Parallel()
	const conns = 3
	s := migrated(t, postgres.Config{MaxConns: conns})
	h := conformance.Listen(t, s)
	h.AwaitBeat(time.Now())
	var held, all sync.WaitGroup
	release := make(chan struct{})
	held.Add(conns)
	for range conns {
		all.Go(func() {
			_ = s.Atomically(t.Context(), func(context.Context, application.Tx) error {
				held.Done()
				<-release
				return nil
			})
		})
	}
	held.Wait()
	for range 3 {
		h.AwaitBeat(time.Now())
	}
	close(release)
	all.Wait()
}

func TestFollowingADatabaseThatIsAwayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	proxy.Blackhole()
	s := opened(t, postgres.Config{URL: proxy.Through(migratedDatabase(t)) + "&connect_timeout=60"})
	h := conformance.Listen(t, s)
	for open, _ := proxy.Connections(); open == 0; open, _ = proxy.Connections() { // until it is connecting
		time.Sleep(time.Millisecond)
	}
	h.Stop() // which fails long before the connection would
}
