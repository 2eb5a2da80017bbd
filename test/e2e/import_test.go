package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// foreignHash is what PHP's password_hash made of foreignPassword.
const (
	foreignPassword = "an old lamp in the hall"
	foreignHash     = "$2y$04$IYuS.C.35IMSG3xwfQ1ySO96HckO.ZRF3mb727iMqD1VNBION4jJS"
)

// written writes lines into a file of the test's own.
func written(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type outcome struct{ Lines, Added, Present, Refused int }

// bring runs users import, and fails the test when the exit code is not as wanted.
func bring(t *testing.T, s *service.Service, code int, args ...string) (outcome, string) {
	t.Helper()
	stdout, stderr, got := s.Command("", append([]string{"users", "import", "--json"}, args...)...)
	if got != code {
		t.Fatalf("users import: exit code %d, want %d: %s", got, code, stderr)
	}
	var o outcome
	if err := json.Unmarshal([]byte(stdout), &o); err != nil && code != 2 {
		t.Fatalf("users import printed %q: %v", stdout, err)
	}
	return o, stderr
}

func TestPeopleOfAnotherSystemLogInWithTheirPasswords(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		file := written(t, "people.jsonl",
			`{"email":"Ada@Example.com","password_hash":"`+foreignHash+`","name":"Ada","roles":["user","moderator"],"email_verified":true,"created_at":"2019-05-01T08:00:00Z"}`,
			`{"email":"bob@example.com","password_hash":"`+strings.Replace(foreignHash, "$2y$", "$2a$", 1)+`","is_active":false}`,
			`{"email":"invited@example.com","name":null}`,
			`{"email":"boss@example.com","password_hash":"`+foreignHash+`","name":"Mallory"}`,
		)
		before, _ := bring(t, s, 0, file, "--dry-run")
		if want := (outcome{Lines: 4, Added: 3, Present: 1}); before != want {
			t.Errorf("dry run: got %+v, want %+v", before, want)
		}
		tryLogin(s, "ada@example.com", foreignPassword).Want(http.StatusUnauthorized)
		for _, want := range []outcome{{Lines: 4, Added: 3, Present: 1}, {Lines: 4, Present: 4}} {
			if got, _ := bring(t, s, 0, file); got != want {
				t.Errorf("import: got %+v, want %+v", got, want)
			}
		}
		var got tokens
		tryLogin(s, "ada@example.com", foreignPassword).Want(http.StatusOK).Into(&got)
		s.Get("/users", service.Bearer(got.AccessToken)).Want(http.StatusOK)
		if body := string(me(s, got.AccessToken).Body); !strings.Contains(body, `"created_at":"2019-05-01T08:00:00Z"`) || !strings.Contains(body, `"email_verified":true`) {
			t.Errorf("Ada is %s, want as imported", body)
		}
		tryLogin(s, "bob@example.com", foreignPassword).Want(http.StatusUnauthorized)
		tryLogin(s, "invited@example.com", foreignPassword).Want(http.StatusUnauthorized)
		tryLogin(s, "boss@example.com", foreignPassword).Want(http.StatusUnauthorized)
		login(s, "boss@example.com")

		var events struct {
			Items []struct {
				Type  string
				Count int
				Actor string
			}
		}
		s.Get("/audit-events?type=user.imported", service.Bearer(admin.AccessToken)).Want(http.StatusOK).Into(&events)
		if len(events.Items) != 1 || events.Items[0].Count != 3 || events.Items[0].Actor != "operator" {
			t.Errorf("audit events: got %+v, want one of 3 users by the operator", events.Items)
		}
	})
}

func TestTheGoodLinesOfABrokenFileGoIn(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		lines := []string{
			`{"email":"good@example.com"}`,
			`{"email":"twice@example.com"} {}`,
			``,
			`{"email":"not an address"}`,
			`{"name":"nobody"}`,
			`{"email":"a@example.com","password_hash":"$1$md5"}`,
			`{"email":"a@example.com","roles":["wizard"]}`,
			`{"email":"a@example.com","roles":"user"}`,
			`{"email":"a@example.com","id":1}`,
			`{"email":"a@example.com","email":"b@example.com"}`,
			`{"email":"a@example.com","created_at":"yesterday"}`,
			`{"email":"a@example.com","created_at":"2999-01-01T00:00:00Z"}`,
			`{"email":"a@example.com","name":"` + strings.Repeat("x", 70_000) + `"}`,
			`{"email":"a@example.com","name":"\u0007"}`,
			"{\"email\":\"a\xff@example.com\"}",
			`[]`, `nonsense`,
			`{"email":"good@example.com"}`,
			`{"email":"last@example.com"}`,
		}
		report := filepath.Join(t.TempDir(), "refused.jsonl")
		got, stderr := bring(t, s, 1, written(t, "people.jsonl", lines...), "--report", report)
		if want := (outcome{Lines: len(lines), Added: 2, Present: 1, Refused: len(lines) - 4}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		text, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		told := map[int]string{}
		for line := range strings.Lines(string(text)) {
			var r struct {
				Line   int
				Reason string
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("report: %q: %v", line, err)
			}
			told[r.Line] = r.Reason
		}
		for line, want := range map[int]string{
			2: "line: is not valid JSON", 4: "email: must be", 5: "email: is required", 6: "password_hash: must be a bcrypt hash",
			7: "roles: there is no role wizard", 8: "roles: has the wrong type", 9: "id: is no member", 10: "line: has a member twice",
			11: "created_at: must be a time", 12: "created_at: must lie in the past", 13: "line: must be at most", 14: "name: must be text",
			15: "line: is not valid", 16: "line: must be a JSON object", 17: "line: is not valid JSON",
		} {
			if !strings.HasPrefix(told[line], want) {
				t.Errorf("line %d: got reason %q, want %q…", line, told[line], want)
			}
			if !strings.Contains(stderr, fmt.Sprintf("line %d: %s", line, want)) {
				t.Errorf("standard error does not tell of line %d", line)
			}
		}
		if strings.Contains(stderr+string(text), "$1$md5") {
			t.Error("a hash is quoted")
		}
	})
}

func TestAnImportThatCanNotBeginChangesNothing(t *testing.T) {
	t.Parallel()
	s := service.Configure(t, "sqlite:sallyport.db")
	for name, args := range map[string][]string{
		"no file":           {filepath.Join(t.TempDir(), "absent.jsonl")},
		"a folder":          {t.TempDir() + "/"},
		"no format":         {written(t, "people.txt", "x")},
		"no such format":    {written(t, "people.jsonl", "x"), "--format", "xml"},
		"no such column":    {written(t, "people.csv", "email,pasword", "a@example.com,x")},
		"no email":          {written(t, "people.csv", "name", "Ada")},
		"a column twice":    {written(t, "people.csv", "email,email", "a,b")},
		"an empty CSV file": {written(t, "people.csv", "")},
	} {
		if _, stderr := bring(t, s, 2, args...); stderr == "" {
			t.Errorf("%s: nothing on standard error, want the reason", name)
		}
	}
	if stdout, _, _ := s.Command("", "migrate", "status", "--json"); !strings.Contains(stdout, `"version": 0`) {
		t.Errorf("migrate status: got %s, want an empty database", stdout)
	}
}

func TestWhatIsExportedIsImportedTheSame(t *testing.T) {
	t.Parallel()
	file := written(t, "people.csv",
		"\ufeffcreated_at,email,password_hash,name,roles,is_active,email_verified",
		`2019-05-01T08:00:00.123456Z,ada@example.com,`+foreignHash+`,"Lovelace, ""Ada"" Ⓐ",moderator user,true,true`,
		`,bob@example.com,,Bob,-,FALSE,`,
		`,eve@example.com,,,,,`,
		`2020-02-29T23:59:59+02:00,üser@bücher.example,,,,,`,
		`,kim@bücher.example,,<b>&amp;</b>,,,true`,
	)
	stores := map[string]*service.Service{
		"sqlite":   service.Configure(t, "sqlite:sallyport.db"),
		"postgres": service.Configure(t, servers.SharedPostgres(t).CreateDatabase(t)),
	}
	export := func(s *service.Service, format string) string {
		path := filepath.Join(t.TempDir(), "out."+format)
		if err := os.WriteFile(path, []byte("older"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, stderr, code := s.Command("", "users", "export", path); code != 0 {
			t.Fatalf("users export: exit code %d: %s", code, stderr)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file: got %v, %v, want mode 0600", info.Mode(), err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var first string
	for name, s := range stores {
		if got, _ := bring(t, s, 1, file); got.Added != 4 || got.Refused != 1 {
			t.Fatalf("%s: import of CSV: got %+v, want 4 added and 1 refused", name, got)
		}
		for _, format := range []string{"jsonl", "csv"} {
			text := export(s, format)
			for other, into := range map[string]*service.Service{
				"sqlite":   service.Configure(t, "sqlite:sallyport.db"),
				"postgres": service.Configure(t, servers.SharedPostgres(t).CreateDatabase(t)),
			} {
				bring(t, into, 0, written(t, "again."+format, strings.TrimSuffix(text, "\n")))
				if got := export(into, format); got != text {
					t.Errorf("%s by way of %s to %s: got\n%s\nwant\n%s", name, format, other, got, text)
				}
			}
			if format == "jsonl" {
				first = text
			}
		}
	}
	for _, want := range []string{`"roles":[]`, `"name":"Lovelace, \"Ada\" Ⓐ"`, foreignHash, `"2019-05-01T08:00:00.123456Z"`, `kim@xn--bcher-kva.example`, `<b>&amp;</b>`} {
		if !strings.Contains(first, want) {
			t.Errorf("the export lacks %s:\n%s", want, first)
		}
	}
	stdout, _, code := stores["sqlite"].Command("", "users", "export", "-", "--format", "jsonl")
	if code != 0 || strings.Count(stdout, "\n") != 4 {
		t.Errorf("users export -: got exit code %d and %q, want four lines", code, stdout)
	}
	if _, stderr, code := stores["sqlite"].Command("", "users", "export", "/dev/null", "--format", "jsonl"); code != 2 {
		t.Errorf("users export /dev/null: got exit code %d: %s, want 2", code, stderr)
	}
}
