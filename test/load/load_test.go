package load

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/adapters/sqlite"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

var (
	users  = flag.Int("users", 1_000_000, "how many users are many")
	rounds = flag.Int("rounds", 300, "how many requests of each kind")
)

const fewUsers = 1000

func TestMain(m *testing.M) {
	code := m.Run()
	service.RemoveBinary()
	servers.StopShared()
	os.Exit(code)
}

func BenchmarkAMillionUsersInSQLite(b *testing.B) {
	many, few := filepath.Join(b.TempDir(), "many.db"), filepath.Join(b.TempDir(), "few.db")
	storage, err := sqlite.Open(b.Context(), sqlite.Config{Path: many})
	if err != nil {
		b.Fatal(err)
	}
	measure(b, "sqlite:"+many, "sqlite:"+few, storage)
}

func BenchmarkAMillionUsersInPostgreSQL(b *testing.B) {
	server := servers.Postgres(b, "fsync=on", "full_page_writes=on") // as in production
	many, few := server.CreateDatabase(b), server.CreateDatabase(b)
	storage, err := postgres.Open(b.Context(), postgres.Config{URL: many, MaxConns: 1})
	if err != nil {
		b.Fatal(err)
	}
	measure(b, many, few, storage)
}

func measure(b *testing.B, many, few string, storage application.Storage) {
	b.Cleanup(func() { _ = storage.Close() })
	for b.Loop() {
		bring(b, many, storage)
		load(b, few, fewUsers)
		compare(b, service.Start(b, many), service.Start(b, few))
	}
	b.ReportMetric(0, "ns/op") // says nothing of a whole import
}

// bring imports many users, is killed half-way, and goes on.
func bring(b *testing.B, database string, storage application.Storage) {
	b.Helper()
	service.Binary(b)
	file := people(b, *users)
	if err := storage.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	first := importing(b, database, file)
	var errs bytes.Buffer
	first.Stderr = &errs
	if err := first.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	half, err := domain.ParseEmail(Email(*users / 2))
	if err != nil {
		b.Fatal(err)
	}
	for range time.Tick(20 * time.Millisecond) {
		select {
		case err := <-ended:
			b.Fatalf("users import ended before it was killed: %v: %s", err, errs.String())
		default:
		}
		there, err := application.Bulk(storage).Taken(b.Context(), []domain.Email{half})
		if err != nil {
			b.Fatal(err)
		}
		if there == 1 {
			break
		}
	}
	_ = first.Process.Kill() // -9
	if <-ended == nil {
		b.Fatal("the import ended before it was killed")
	}
	killed := time.Since(began)
	outcome := load(b, database, *users)
	if outcome.Refused != 0 || outcome.Added+outcome.Present != *users || outcome.Present <= *users/2 {
		b.Fatalf("continued: got %+v, want all, and half of them there already", outcome)
	}
	b.ReportMetric(float64(outcome.Present)/killed.Seconds(), "users/s")
	b.ReportMetric(float64(*users)/outcome.Seconds, "continued-lines/s")
	b.ReportMetric(float64(outcome.peak)/1024, "MiB-peak")
	fmt.Fprintf(os.Stderr, "%s: killed after %d users in %.1f s; continued over %d lines in %.1f s, adding %d; %d MiB at most\n",
		b.Name(), outcome.Present, killed.Seconds(), outcome.Lines, outcome.Seconds, outcome.Added, outcome.peak/1024)
}

type outcome struct {
	Lines, Added, Present, Refused int
	Seconds                        float64

	peak int64 // KiB of memory
}

// load imports the first n of the people to the end.
func load(b *testing.B, database string, n int) outcome {
	b.Helper()
	cmd := importing(b, database, people(b, n))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		b.Fatalf("users import: %v: %s", err, errs.String())
	}
	var o outcome
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		b.Fatalf("users import printed %q: %v", out.String(), err)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.peak = usage.Maxrss
	}
	return o
}

func importing(b *testing.B, database, file string) *exec.Cmd {
	cmd := exec.Command(service.Binary(b), "users", "import", "--json", file)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "SALLYPORT_DATABASE_URL=" + database, "SALLYPORT_SECRET=" + service.Secret}
	return cmd
}

func people(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "people.jsonl")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if err := WritePeople(file, n); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// question is one request, of which both services do the same work.
type question struct {
	name string
	ask  func(s *service.Service, admin string, round int) service.Response
}

func get(name, path string) question {
	return question{name, func(s *service.Service, admin string, _ int) service.Response {
		return s.Get(path, service.Bearer(admin))
	}}
}

var questions = []question{
	get("list", "/users?limit=50"),
	get("prefix", "/users?email=user00005&limit=50"),
	get("address", "/users?email=user0000512@example.com"),
	get("every-address", "/users?email=user&limit=50"),
	get("role", "/users?role=moderator&limit=5"),
	get("every-role", "/users?role=user&limit=50"),
	get("disabled", "/users?is_active=false&limit=5"),
	get("all-filters", "/users?email=user00005&role=moderator&is_active=true&limit=5"),
	{"login", func(s *service.Service, _ string, round int) service.Response {
		who := round % fewUsers
		if disabled(who) {
			who++
		}
		return s.Form("/auth/login", url.Values{"username": {Email(who)}, "password": {Password}})
	}},
}

// compare asks both services in turn and reports the ratio of their medians.
func compare(b *testing.B, many, few *service.Service) {
	b.Helper()
	both := [2]*service.Service{many, few}
	var admins [2]string
	for i, s := range both {
		admins[i] = administrator(b, s)
	}
	for _, q := range questions {
		var took [2][]time.Duration
		for round := range *rounds {
			for i, s := range both {
				began := time.Now()
				answer := q.ask(s, admins[i], round)
				took[i] = append(took[i], time.Since(began))
				if answer.Status != http.StatusOK {
					b.Fatalf("%s: status %d: %s", q.name, answer.Status, answer.Body)
				}
			}
		}
		large, small := median(took[0]), median(took[1])
		b.ReportMetric(float64(large)/float64(small), q.name+"-p50-ratio")
		fmt.Fprintf(os.Stderr, "%s: %-14s p50 %7s of %d users, %7s of %d: %.2f\n", b.Name(), q.name,
			large.Round(time.Microsecond), *users, small.Round(time.Microsecond), fewUsers, float64(large)/float64(small))
	}
}

func administrator(b *testing.B, s *service.Service) string {
	b.Helper()
	const email, password = "boss@example.com", "a quiet river at dawn"
	if _, stderr, code := s.Command(password+"\n", "users", "create", email, "--role", "admin", "--password-stdin"); code != 0 {
		b.Fatalf("users create: exit code %d: %s", code, stderr)
	}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	s.Form("/auth/login", url.Values{"username": {email}, "password": {password}}).Want(http.StatusOK).Into(&got)
	return got.AccessToken
}

func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}
