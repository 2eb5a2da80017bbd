package statecache

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// bug takes one guard away: in a file, what stands there becomes something
// else when the environment's PLANTED says its name.
type bug struct{ name, file, is, becomes, caughtBy string }

// planted is every guard of the protocol, and which test misses it. The guards
// of the feeds have theirs beside the feeds: an unknown COMMIT and the
// heartbeat through the pool in adapters/postgres, a cut and all that is
// announced in test/conformance.
var planted = []bug{
	{"the session's own stamp", "stamps.go", `g.own.Load() <= start`, `(without("the session's own stamp") || g.own.Load() <= start)`, "TestAChangeCountsOnTheNextRead/session"},
	{"the user's stamp", "stamps.go", `g.user == nil ||`, `g.user == nil || without("the user's stamp") ||`, "TestAChangeCountsOnTheNextRead/user"},
	{"the roles' stamp", "stamps.go", `g.roles.Load() <= start`, `(without("the roles' stamp") || g.roles.Load() <= start)`, "TestAChangeCountsOnTheNextRead/role"},
	{"the stamp of everything", "stamps.go", `g.everything.Load() <= start`, `(without("the stamp of everything") || g.everything.Load() <= start)`, "TestWhatWasRememberedBeforeAReconnectIsNotBelievedAfterIt"},
	{"a position for each change", "stamps.go", `s.position.Add(1))`, `s.position.Add(with("a position for each change", 1)))`, "TestAChangeCountsOnTheNextRead"},
	{"kinds in the stripes", "stamps.go", `h.WriteString(string(kind))`, `h.WriteString(string(kind)[:len(kind)*int(with("kinds in the stripes", 1))])`, "TestAKindsIDsAreItsOwn"},
	{"late load", "table.go", `	e.start = start
`, `	e.start = start
	if without("late load") {
		e.start = t.stamps.position.Load()
	}
`, "TestALoadThatHadReadBeforeAChangeIsNotBelieved"},
	{"joined load", "table.go", `t.guardOf(kind, id).allows(start)`, `(without("joined load") || t.guardOf(kind, id).allows(start))`, "TestALoadThatIsKnownToBeTooOldIsNotWaitedFor"},
	{"joined load of an unknown user", "table.go", `err != nil || f.start >= arrival`, `err != nil || without("joined load of an unknown user") || f.start >= arrival`, "TestALoadThatHadReadBeforeAChangeIsNotJoinedAfterIt/user"},
	{"no joining unless fresh", "table.go", `return fresh &&`, `return (without("no joining unless fresh") || fresh) &&`, "TestWhileTheFeedIsLostNobodyJoinsARunningLoad"},
	{"joining", "table.go", `f := t.flights.board(`, `fresh = fresh && !without("joining")
		f := t.flights.board(`, "TestWhoMayJoinsTheRunningLoad"},
	{"no memory unless fresh", "table.go", `	if fresh {
`, `	if fresh || without("no memory unless fresh") {
`, "TestWhileTheFeedIsLostEachReadAsks"},
	{"newer start wins", "table.go", `old.start > start`, `!without("newer start wins") && old.start > start`, "TestALoadThatBeganLaterIsKept"},
	{"expiry", "table.go", `t.fresh.now().Before(e.expires)`, `(without("expiry") || t.fresh.now().Before(e.expires))`, "TestASessionThatIsOverIsNotRemembered"},
	{"silent feed", "freshness.go", `return until != nil &&`, `return until != nil && without("silent feed") || until != nil &&`, "TestASilentFeedIsNotBelievedForLongerThanTheWindow"},
	{"the wall clock", "freshness.go", `now.Round(0).Before(until.Round(0))`, `(without("the wall clock") || now.Round(0).Before(until.Round(0)))`, "TestAMachineThatSleptRemembersNothing"},
	{"the monotonic clock", "freshness.go", `now.Before(*until)`, `(without("the monotonic clock") || now.Before(*until))`, "TestAMachineThatSleptRemembersNothing"},
	{"beats count from their sending", "freshness.go", `	until := sent.Add(Window)
`, `	if without("beats count from their sending") {
		sent = time.Now()
	}
	until := sent.Add(Window)
`, "TestABeatCountsFromWhenItWasSent"},
	{"beats in order", "freshness.go", `old.Before(until)`, `(without("beats in order") || old.Before(until))`, "TestABeatThatComesLateTakesNothingBack"},
	{"a loss counts at once", "freshness.go", `func (f *freshness) lost() { f.until.Store(nil) }`, `func (f *freshness) lost() {
	if !without("a loss counts at once") {
		f.until.Store(nil)
	}
}`, "TestWhileTheFeedIsLostEachReadAsks"},
	{"patience has an end", "flights.go", `if l.next == f {`, `if l.next == f && !without("patience has an end") {`, "TestALoadThatMustNotBeJoinedIsNotWaitedForLong"},
	{"a crowd asks together", "flights.go", `patience-time.Since(l.latest.began)`, `(patience-time.Since(l.latest.began))*time.Duration(with("a crowd asks together", 1))`, "TestWhileTheFeedIsLostACrowdAsksTogether"},
	{"a panic is handed on", "flights.go", `if f.panicked != nil {`, `if f.panicked != nil && !without("a panic is handed on") {`, "TestAPanicReachesWhoWaits"},
	{"lanes end", "flights.go", `			delete(fs.lanes, key)
`, `			if !without("lanes end") {
				delete(fs.lanes, key)
			}
`, "TestNoMoreIsRememberedThanFits"},
	{"callers do not end loads", "table.go", `context.WithoutCancel(ctx)`, `ended(ctx)`, "TestWhoLeavesTakesNobodyAlong"},
}

const switches = `package statecache

import (
	"context"
	"os"
)

var gone = os.Getenv("PLANTED")

func without(guard string) bool { return gone == guard }

func with(guard string, n uint64) uint64 {
	if without(guard) {
		return 0
	}
	return n
}

func ended(ctx context.Context) context.Context {
	if without("callers do not end loads") {
		return ctx
	}
	return context.WithoutCancel(ctx)
}
`

// TestEachGuardIsMissedWhenItIsGone builds these tests once more, with every
// bug behind a switch, and shows each to be caught by the test of its guard.
func TestEachGuardIsMissedWhenItIsGone(t *testing.T) {
	t.Parallel()
	binary := plant(t)
	if out, err := planting(t, binary, "", "."); err != nil {
		t.Fatalf("with no bug: got %v, want all tests to pass:\n%s", err, out)
	}
	var all sync.WaitGroup
	for _, b := range planted {
		all.Go(func() {
			out, err := planting(t, binary, b.name, "^"+strings.ReplaceAll(b.caughtBy, "/", "$/^")+"$")
			if err == nil || !strings.Contains(out, "--- FAIL: ") && !strings.Contains(out, "panic: ") {
				t.Errorf("without %s: %s passes, want it to fail:\n%s", b.name, b.caughtBy, out)
			}
		})
	}
	all.Wait()
}

func planting(t *testing.T, binary, name, run string) (string, error) {
	cmd := exec.Command(binary, "-test.run", run, "-test.skip", "TestEachGuard|TestAnEntry|TestReaders", "-test.timeout", "20s")
	cmd.Env = append(os.Environ(), "PLANTED="+name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// plant builds the tests of this package with the bugs laid over it.
func plant(t *testing.T) (binary string) {
	t.Helper()
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{"planted.go": switches}
	for _, b := range planted {
		if sources[b.file] == "" {
			text, err := os.ReadFile(b.file)
			if err != nil {
				t.Fatal(err)
			}
			sources[b.file] = string(text)
		}
	}
	for _, b := range planted {
		if n := strings.Count(sources[b.file], b.is); n != 1 {
			t.Fatalf("%s: %s has %q %d times, want once", b.name, b.file, b.is, n)
		}
		sources[b.file] = strings.Replace(sources[b.file], b.is, b.becomes, 1)
	}
	overlay := map[string]string{}
	for name, source := range sources {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(here, name)] = path
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	layer := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(layer, text, 0o600); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "planted.test")
	if out, err := exec.Command("go", "test", "-c", "-overlay", layer, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}
