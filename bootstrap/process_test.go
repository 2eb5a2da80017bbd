package bootstrap

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binary is the stock program, built once.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" {
		os.Exit(m.Run()) // fuzzing starts many of us, and none needs the program
	}
	dir, err := os.MkdirTemp("", "sallyport-bootstrap-*")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "sallyport")
	build := exec.Command("go", "build", "-ldflags",
		"-X github.com/sallyport-auth/sallyport/bootstrap.Version=v1.2.3 -X github.com/sallyport-auth/sallyport/bootstrap.Commit=abcdef",
		"-o", binary, "../cmd/sallyport")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// place is a folder to run in, with a database of its own and free ports.
type place struct {
	dir     string
	environ []string
}

func newPlace(t *testing.T, environ ...string) place {
	t.Helper()
	return place{t.TempDir(), append([]string{
		"PATH=" + os.Getenv("PATH"), "SALLYPORT_ADDR=127.0.0.1:0", "SALLYPORT_OPS_ADDR=127.0.0.1:0", "SALLYPORT_BCRYPT_COST=4",
	}, environ...)}
}

func (p place) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = p.dir, p.environ
	return cmd
}

// call runs a command to its end: exit code, standard output, standard error.
func (p place) call(t *testing.T, stdin string, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := p.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatalf("%v: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// expect runs a command and checks its exit code, and that whatever it says on
// failure is one line.
func (p place) expect(t *testing.T, want int, stdin string, args ...string) (string, string) {
	t.Helper()
	code, out, errs := p.call(t, stdin, args...)
	if code != want {
		t.Fatalf("%v: got exit code %d, stdout %q, stderr %q, want %d", args, code, out, errs, want)
	}
	if code != 0 && (out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "sallyport: ")) {
		t.Errorf("%v: got stdout %q, stderr %q, want one line on stderr", args, out, errs)
	}
	return out, errs
}

// running is a server under test.
type running struct {
	cmd      *exec.Cmd
	api, ops string // URLs
	log      chan string
}

func (p place) serve(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{cmd: p.command(append([]string{"serve"}, args...)...), log: make(chan string, 1000)}
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	listening := make(chan struct{})
	go func() {
		defer close(r.log)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Msg, URL string }
			_ = json.Unmarshal(lines.Bytes(), &line)
			switch line.Msg {
			case "operations listen":
				r.ops = line.URL
			case "API listens":
				r.api = line.URL
				close(listening)
			}
			r.log <- lines.Text()
		}
	}()
	select {
	case <-listening:
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not listen after 30 s")
	}
	return r
}

// end waits for the server and returns its exit code and the rest of its log.
func (r *running) end(t *testing.T) (int, string) {
	t.Helper()
	var log strings.Builder
	for line := range r.log {
		log.WriteString(line + "\n")
	}
	_ = r.cmd.Wait()
	return r.cmd.ProcessState.ExitCode(), log.String()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

func TestThePasswordIsReadLessOneLineEndAndOpensTheGate(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	server := p.serve(t)
	for given, login := range map[string]string{"correct horse battery\n": "correct horse battery", "two line ends here\n\n": "two line ends here\n", "none at its end": "none at its end"} {
		email := fmt.Sprintf("u%d@example.com", len(given))
		p.expect(t, 0, given, "users", "create", email, "--role", "admin", "--password-stdin")
		response, err := http.PostForm(server.api+"/auth/login", url.Values{"username": {email}, "password": {login}})
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != 200 {
			t.Errorf("login with %q after %q: got %d, want 200", login, given, response.StatusCode)
		}
	}
}

func TestUsersAreAdministeredFromTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const password = "correct horse battery"
	show := func() (user struct {
		IsActive bool     `json:"is_active"`
		Verified bool     `json:"email_verified"`
		Roles    []string `json:"roles"`
	}) {
		out, _ := p.expect(t, 0, "", "users", "show", "Ada@Example.com", "--json")
		if err := json.Unmarshal([]byte(out), &user); err != nil {
			t.Fatalf("show: %q: %v", out, err)
		}
		return user
	}
	p.expect(t, 0, password, "users", "create", "ada@example.com", "--password-stdin", "--role", "moderator")
	p.expect(t, 1, password, "users", "create", "ADA@example.com", "--password-stdin") // taken
	p.expect(t, 1, "short", "users", "create", "bob@example.com", "--password-stdin")
	p.expect(t, 1, "", "users", "create", "bob@example.com", "--password-stdin")
	p.expect(t, 1, password, "users", "create", "bob@example.com", "--password-stdin", "--role", "nosuchrole")
	p.expect(t, 2, "", "users", "create", "bob@example.com") // nobody to ask
	p.expect(t, 2, "", "users", "show", "bob")
	p.expect(t, 1, "", "users", "show", "bob@example.com")
	p.expect(t, 0, "", "users", "grant", "ada@example.com", "admin")
	if got := show(); !got.IsActive || !got.Verified || fmt.Sprint(got.Roles) != "[admin moderator]" {
		t.Errorf("after grant: got %+v", got)
	}
	for _, last := range [][]string{{"disable", "ada@example.com"}, {"delete", "ada@example.com"}, {"revoke", "ada@example.com", "admin"}} {
		_, errs := p.expect(t, 1, "", append([]string{"users"}, last...)...)
		if !strings.Contains(errs, "last active admin") {
			t.Errorf("%v: got %q, want a word about the last admin", last, errs)
		}
	}
	p.expect(t, 0, password, "users", "create", "eve@example.com", "--password-stdin", "--role", "admin")
	p.expect(t, 0, "", "users", "revoke", "ada@example.com", "admin")
	p.expect(t, 0, "", "users", "disable", "ada@example.com")
	if got := show(); got.IsActive || fmt.Sprint(got.Roles) != "[moderator]" {
		t.Errorf("after revoke and disable: got %+v", got)
	}
	p.expect(t, 0, "", "users", "enable", "ada@example.com")
	p.expect(t, 0, "another good password", "users", "set-password", "ada@example.com", "--password-stdin")
	if out, _ := p.expect(t, 0, "", "users", "list"); strings.Count(out, "@example.com") != 2 {
		t.Errorf("list: got %q, want two users", out)
	}
	p.expect(t, 0, "", "users", "delete", "ada@example.com")
	out, _ := p.expect(t, 0, "", "users", "list", "--json")
	var users []struct{ Email string }
	if err := json.Unmarshal([]byte(out), &users); err != nil || len(users) != 1 || users[0].Email != "eve@example.com" {
		t.Errorf("list --json: got %q, %v, want eve alone", out, err)
	}
}

func TestAnAPIKeyIsShownOnceAndRevokedByItsID(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	out, _ := p.expect(t, 0, "", "apikeys", "create", "reports", "--permission", "reports:read", "--expires-in", "90d")
	key := strings.TrimSuffix(out, "\n")
	if !strings.HasPrefix(key, "sp_") || strings.Contains(key, "\n") {
		t.Fatalf("got %q, want the key alone", out)
	}
	id := strings.Split(key, "_")[1]
	list, _ := p.expect(t, 0, "", "apikeys", "list", "--json")
	if strings.Contains(list, key) || !strings.Contains(list, id) {
		t.Errorf("list: got %q, want the id and not the key", list)
	}
	p.expect(t, 0, "", "apikeys", "revoke", id)
	p.expect(t, 1, "", "apikeys", "revoke", "not-an-id")
	p.expect(t, 1, "", "apikeys", "revoke", strings.Repeat("0", 8)+id[8:])
	if table, _ := p.expect(t, 0, "", "apikeys", "list"); !strings.Contains(table, "revoked") {
		t.Errorf("list: got %q, want it revoked", table)
	}
}

func TestStatusVersionAndHealthcheckTouchNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if out, _ := p.expect(t, 0, "", "version"); !strings.Contains(out, "v1.2.3") || !strings.Contains(out, "abcdef") || !strings.Contains(out, "go1.") {
		t.Errorf("version: got %q, want version, commit and Go's", out)
	}
	p.expect(t, 1, "", "healthcheck", "--ops-addr", "127.0.0.1:1")
	p.call(t, "", "migrate", "status")
	if files, _ := os.ReadDir(p.dir); len(files) > 0 {
		t.Errorf("got %v, want nothing made", files)
	}
	p.expect(t, 0, "", "migrate", "up")
	p.expect(t, 0, "", "migrate", "up")
	if out, errs := p.expect(t, 0, "", "migrate", "status"); strings.Contains(out, "pending") || !strings.Contains(errs, "nothing is pending") {
		t.Errorf("migrate status: got %q, %q, want nothing pending", out, errs)
	}
}

func TestAWrongConfigurationStartsAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"serve"}, {"users", "list"}, {"migrate", "up"}} {
		p := newPlace(t, "SALLYPORT_BCRYPT_COST=99")
		_, errs := p.expect(t, 2, "", args...)
		if !strings.Contains(errs, "SALLYPORT_BCRYPT_COST") {
			t.Errorf("%v: got %q, want the setting's name", args, errs)
		}
		if files, _ := os.ReadDir(p.dir); len(files) > 0 {
			t.Errorf("%v: got %v, want nothing made", args, files)
		}
	}
}

// Exit code 2 says that nothing was made.
func TestAWrongCallLeavesAnEmptyFolder(t *testing.T) {
	t.Parallel()
	users := filepath.Join(t.TempDir(), "users.jsonl")
	if err := os.WriteFile(users, []byte(`{"email":"ada@example.com"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		environ string
		args    []string
	}{
		"a report nowhere":       {"", []string{"users", "import", users, "--report", "nowhere/report.jsonl"}},
		"the report is imported": {"", []string{"users", "import", users, "--report", users}},
		"an export nowhere":      {"", []string{"users", "export", "nowhere/users.jsonl"}},
		"a parameter of SQLite":  {"SALLYPORT_DATABASE_URL=sqlite:x.db?a=b", []string{"users", "list"}},
		"a folder that is none":  {"SALLYPORT_DATABASE_URL=sqlite:nowhere/x.db", []string{"users", "list"}},
		"no path at all":         {"SALLYPORT_DATABASE_URL=sqlite:", []string{"users", "list"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, c.environ)
			_, errs := p.expect(t, exitWrong, "", c.args...)
			if c.environ != "" && !strings.Contains(errs, "SALLYPORT_DATABASE_URL") {
				t.Errorf("stderr: got %q, want it to name SALLYPORT_DATABASE_URL", errs)
			}
			left, err := os.ReadDir(p.dir)
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v, want nothing", left, err)
			}
		})
	}
}

func TestALostSecretIsNotReplacedByAnother(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.expect(t, exitDone, "", "keys", "rotate")
	secret := filepath.Join(p.dir, "sallyport.db.secret")
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve"}, {"keys", "rotate"}} {
		_, errs := p.expect(t, exitWrong, "", args...)
		if !strings.Contains(errs, "sallyport.db.secret is missing") {
			t.Errorf("%v: stderr: got %q, want it to name the file that is missing", args, errs)
		}
		if _, err := os.Stat(secret); err == nil {
			t.Errorf("%v: made a secret that opens nothing", args)
		}
	}
}

func TestASecretMayComeThroughAPipe(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "SALLYPORT_SECRET_FILE=/dev/stdin")
	p.expect(t, exitDone, goodSecret, "users", "list")
}

func TestWhoWaitsForAPasswordCanBeStopped(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	cmd := p.command("users", "create", "ada@example.com", "--password-stdin")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdin, err := cmd.StdinPipe() // and nothing comes
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit code is looked at below
		close(done)
	}()
	for ended := false; !ended; {
		_ = cmd.Process.Signal(syscall.SIGTERM) // also before the program listens for it
		select {
		case <-done:
			ended = true
		case <-time.After(100 * time.Millisecond):
		}
	}
	if code := cmd.ProcessState.ExitCode(); code == exitFailed && !strings.Contains(errs.String(), "interrupted; nothing was changed") {
		t.Errorf("stderr: got %q, want what became of it", errs.String())
	}
}

func TestARoleThatDoesNotExistIsNotTaken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.expect(t, exitDone, "a quiet river at dawn", "users", "create", "ada@example.com", "--role", "admin", "--password-stdin")
	_, errs := p.expect(t, exitFailed, "", "users", "revoke", "ada@example.com", "admn")
	if !strings.Contains(errs, "there is no role admn") {
		t.Errorf("stderr: got %q, want it to name the role", errs)
	}
}

func TestBeforeTheFirstMigrationTheServiceIsUnavailable(t *testing.T) {
	t.Parallel()
	r := newPlace(t).serve(t, "--no-migrate")
	answer, err := http.PostForm(r.api+"/auth/login", url.Values{"username": {"ada@example.com"}, "password": {"a quiet river"}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("login: got status %d, want 503 with Retry-After", answer.StatusCode)
	}
}

func TestATakenPortIsOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	p := newPlace(t)
	for _, flag := range []string{"--addr", "--ops-addr"} {
		_, errs := p.expect(t, 1, "", "serve", flag, taken.Addr().String())
		if !strings.Contains(errs, taken.Addr().String()+" is taken") {
			t.Errorf("%s: got %q, want the address", flag, errs)
		}
	}
}

func TestAnUnreachableDatabaseIsOneLineUnlessNobodyMigrates(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "SALLYPORT_SECRET="+goodSecret, "SALLYPORT_DATABASE_URL=postgres://u:hunter2hunter2@127.0.0.1:1/s?sslmode=disable")
	for _, args := range [][]string{{"serve"}, {"users", "list"}, {"migrate", "status"}, {"migrate", "up"}} {
		if _, errs := p.expect(t, 1, "", args...); strings.Contains(errs, "hunter2") {
			t.Errorf("%v: got %q, which shows the password", args, errs)
		}
	}
	server := p.serve(t, "--no-migrate")
	if status, body := get(t, server.ops+"/readyz"); status != 503 || !strings.Contains(body, `"storage":"does not answer"`) {
		t.Errorf("/readyz: got %d %s, want 503 that names the storage", status, body)
	}
	if status, _ := get(t, server.ops+"/livez"); status != 200 {
		t.Errorf("/livez: got %d, want 200", status)
	}
	_ = server.cmd.Process.Signal(syscall.SIGTERM)
	if code, log := server.end(t); code != 0 {
		t.Errorf("got exit code %d, want 0\n%s", code, log)
	}
}

func TestTheOperationsListenerTellsOfTheServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	server := p.serve(t)
	if status, body := get(t, server.ops+"/readyz"); status != 200 || !strings.Contains(body, `"migrations":"ok"`) {
		t.Errorf("/readyz: got %d %s, want 200", status, body)
	}
	if status, body := get(t, server.ops+"/metrics"); status != 200 || !strings.Contains(body, `sallyport_build_info{commit="abcdef"`) {
		t.Errorf("/metrics: got %d %s, want the build", status, body)
	}
	if status, _ := get(t, server.api+"/metrics"); status != 404 {
		t.Errorf("/metrics on the API: got %d, want 404", status)
	}
	ops := strings.TrimPrefix(server.ops, "http://")
	p.expect(t, 0, "", "healthcheck", "--ops-addr", ops)
	p.expect(t, 0, "", "healthcheck", "--ops-addr", "", "--addr", strings.TrimPrefix(server.api, "http://"))
}

// SIGTERM under load: no accepted request fails, exit 0.
func TestTheSignalToStopFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	server := p.serve(t)
	unready := make(chan struct{})
	failed := make(chan error, 100)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for { // a client that keeps its connection, until it is refused a new one
			response, err := http.Get(server.api + "/.well-known/jwks.json")
			if err != nil {
				// What was never accepted is refused, or reset with the listener.
				if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
					failed <- err
				}
				return
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 {
				failed <- fmt.Errorf("status %d, %w", response.StatusCode, err)
			}
			_ = response.Body.Close()
		}
	}()
	go func() {
		defer close(unready)
		for {
			response, err := http.Get(server.ops + "/readyz")
			if err != nil {
				return
			}
			_ = response.Body.Close()
			if response.StatusCode == 503 {
				unready <- struct{}{}
				return
			}
		}
	}()
	_ = server.cmd.Process.Signal(syscall.SIGTERM)
	if _, ok := <-unready; !ok {
		t.Errorf("/readyz never said 503 while the server stopped")
	}
	<-stopped
	close(failed)
	for err := range failed {
		t.Errorf("a request failed: %v", err)
	}
	if code, log := server.end(t); code != 0 {
		t.Errorf("got exit code %d, want 0\n%s", code, log)
	}
}

func TestEveryLineOfTheLogIsJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "SALLYPORT_LOG_LEVEL=debug")
	server := p.serve(t)
	request, _ := http.NewRequestWithContext(context.Background(), "POST", server.api+"/auth/login", strings.NewReader("username=x%0Ay%22%7D&password=z"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", `"} {"event":"login.succeeded`)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	_ = server.cmd.Process.Signal(syscall.SIGTERM)
	_, log := server.end(t)
	failed := false
	for line := range strings.Lines(log) {
		var entry struct{ Event, Outcome string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("got the line %q, want JSON", line)
		}
		failed = failed || entry.Event == "login.failed" && entry.Outcome == "failure"
	}
	if !failed {
		t.Errorf("got no login.failed in\n%s", log)
	}
}
