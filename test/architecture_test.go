package test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sallyport-auth/sallyport"

// layers says what the packages of each part of the house may import: of ours (itself is always allowed), and of
// others beside the standard library. The first row that fits a package counts; * stands for one name.
var layers = []struct {
	part   string
	ours   []string
	others []string
}{
	{"domain", nil, []string{"golang.org/x/net/idna", "golang.org/x/text/unicode/norm"}},
	{"application", []string{"domain"}, anything},
	{"adapters/resourceserver", nil, []string{"github.com/golang-jwt/jwt/v5"}},
	{"adapters/postgres", []string{"domain", "application", "adapters/sqlstore"}, anything},
	{"adapters/sqlite", []string{"domain", "application", "adapters/sqlstore"}, anything},
	{"adapters/*", []string{"domain", "application"}, anything},
	{"bootstrap", []string{"domain", "application", "adapters"}, anything},
	{"cmd", []string{"bootstrap"}, anything},
	{"test", []string{"domain", "application", "adapters", "bootstrap"}, anything},
}

var anything = []string{"*"}

// homes says which files alone may import a technology; a folder stands for all below it. test/example is a team of
// its own, outside the house.
var homes = []struct {
	technology []string
	files      []string
}{
	{[]string{"go.uber.org/fx", "go.uber.org/dig"}, []string{"adapters/*/module.go", "bootstrap", "cmd", "test/example"}},
	{[]string{"github.com/labstack", "github.com/oapi-codegen"}, []string{"adapters/echohttp", "test/bench", "test/example"}},
	{[]string{
		"database/sql", "github.com/jmoiron/sqlx", "github.com/lib/pq", "modernc.org", "github.com/pressly/goose/v3",
	}, []string{"adapters/sqlstore", "adapters/postgres", "adapters/sqlite", "test/servers", "test/bench", "test/load", "test/example"}},
	{[]string{"go.uber.org/zap"}, []string{"adapters", "bootstrap", "test/example"}},
}

// top lists what stands at the top of the repository, beside dot files and what .gitignore names.
var top = []string{
	"domain", "application", "adapters", "bootstrap", "cmd", "test",
	"go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
}

// source is one Go file, as far as the rules look at it. Its path is relative to the top, with slashes.
type source struct {
	path    string
	name    string // of its package
	imports []string
	doc     string
}

// breaches returns what in a file that is not a test breaks the rules of imports.
func (s source) breaches() []string {
	if strings.HasSuffix(s.path, "_test.go") {
		return nil
	}
	var found []string
	for _, imported := range s.imports {
		if !s.mayImport(imported) {
			found = append(found, fmt.Sprintf("%s imports %s: its part of the house must not", s.path, imported))
		}
		for _, home := range homes {
			if within(imported, home.technology) && !within(s.path, home.files) {
				found = append(found, fmt.Sprintf("%s imports %s, which belongs in %s alone",
					s.path, imported, strings.Join(home.files, ", ")))
			}
		}
	}
	return found
}

func (s source) mayImport(imported string) bool {
	for _, layer := range layers {
		if !within(s.path, []string{layer.part}) {
			continue
		}
		if ours, is := strings.CutPrefix(imported, module+"/"); is {
			depth := strings.Count(layer.part, "/") + 1
			self := strings.Join(strings.Split(s.path, "/")[:depth], "/")
			return within(ours, append([]string{self}, layer.ours...))
		}
		first, _, _ := strings.Cut(imported, "/")
		return !strings.Contains(first, ".") || within(imported, layer.others)
	}
	return false
}

// within tells whether a path is one of the patterns, or lies below it.
func within(name string, patterns []string) bool {
	parts := strings.Split(name, "/")
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		depth := strings.Count(pattern, "/") + 1
		if depth > len(parts) {
			return false
		}
		matched, err := path.Match(pattern, strings.Join(parts[:depth], "/"))
		return err == nil && matched
	})
}

func TestImportsPointInward(t *testing.T) {
	t.Parallel()
	for _, s := range house(t) {
		for _, breach := range s.breaches() {
			t.Error(breach)
		}
	}
}

func TestThePlantedBreachesAreFound(t *testing.T) {
	t.Parallel()
	for _, planted := range []struct {
		path, imports string
		want          int
	}{
		{"domain/user.go", "net/netip", 0},
		{"domain/user.go", "github.com/google/uuid", 1},
		{"domain/user.go", module + "/application", 1},
		{"domain/user_test.go", "pgregory.net/rapid", 0},
		{"application/refresh.go", module + "/domain", 0},
		{"application/refresh.go", module + "/adapters/memory", 1},
		{"application/refresh.go", "go.uber.org/zap", 1},
		{"application/refresh.go", "database/sql", 1},
		{"application/refresh.go", "github.com/labstack/echo/v4", 1},
		{"adapters/memory/store.go", module + "/application", 0},
		{"adapters/memory/store.go", module + "/adapters/memory/rows", 0},
		{"adapters/memory/store.go", module + "/adapters/statecache", 1},
		{"adapters/memory/store.go", module + "/bootstrap", 1},
		{"adapters/memory/store.go", module + "/test/conformance", 1},
		{"adapters/memory/store.go", "go.uber.org/fx", 1},
		{"adapters/memory/store.go", "go.uber.org/fx/fxevent", 1},
		{"adapters/memory/module.go", "go.uber.org/fx", 0},
		{"adapters/memory/rows/module.go", "go.uber.org/fx", 1},
		{"adapters/memory/store.go", "database/sql/driver", 1},
		{"adapters/zapaudit/recorder.go", "go.uber.org/zap", 0},
		{"adapters/cli/users.go", "github.com/labstack/echo/v4", 1},
		{"adapters/echohttp/server.go", "github.com/labstack/echo/v4/middleware", 0},
		{"adapters/postgres/store.go", module + "/adapters/sqlstore", 0},
		{"adapters/postgres/store.go", module + "/adapters/sqlite", 1},
		{"adapters/postgres/store.go", "github.com/jmoiron/sqlx", 0},
		{"adapters/sqlstore/store.go", module + "/adapters/postgres", 1},
		{"adapters/resourceserver/verifier.go", "github.com/golang-jwt/jwt/v5", 0},
		{"adapters/resourceserver/verifier.go", "go.uber.org/zap", 1},
		{"adapters/resourceserver/verifier.go", module + "/domain", 1},
		{"bootstrap/main.go", "go.uber.org/fx", 0},
		{"bootstrap/main.go", "github.com/lib/pq", 1},
		{"bootstrap/standard/standard.go", module + "/adapters/sqlite", 0},
		{"bootstrap/main.go", module + "/test/servers", 1},
		{"cmd/sallyport/main.go", module + "/bootstrap/standard", 0},
		{"cmd/sallyport/main.go", module + "/adapters/sqlite", 1},
		{"test/example/main.go", "github.com/labstack/echo/v4", 0},
		{"test/servers/postgres.go", "database/sql", 0},
		{"test/conformance/store.go", "database/sql", 1},
		{"tools/tool.go", "fmt", 1},
	} {
		s := read(t, planted.path, fmt.Sprintf("package p\nimport _ %q\n", planted.imports))
		if got := s.breaches(); len(got) != planted.want {
			t.Errorf("%s imports %s: got %d breaches %q, want %d", planted.path, planted.imports, len(got), got, planted.want)
		}
	}
}

func TestEachPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	packages, documented := map[string]string{}, map[string]bool{}
	for _, s := range house(t) {
		folder := path.Dir(s.path)
		if !strings.HasSuffix(s.path, "_test.go") && s.name != "main" {
			packages[folder] = s.name
		}
		if path.Base(s.path) == "doc.go" && strings.HasPrefix(s.doc, "Package "+s.name+" ") {
			documented[folder] = true
		}
	}
	for folder, name := range packages {
		if !documented[folder] {
			t.Errorf("%s has no doc.go that begins with // Package %s", folder, name)
		}
	}
}

func TestNothingElseStandsAtTheTop(t *testing.T) {
	t.Parallel()
	ignored, err := os.ReadFile("../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	allowed := append([]string{".*"}, top...)
	for line := range strings.Lines(string(ignored)) {
		if pattern := strings.Trim(strings.TrimSpace(line), "/"); pattern != "" {
			allowed = append(allowed, pattern)
		}
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !within(entry.Name(), allowed) {
			t.Errorf("%s stands at the top of the repository; only these do: %s", entry.Name(), strings.Join(top, ", "))
		}
	}
}

// house reads every Go file of the repository, test/example's too.
func house(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && file != ".."
		if entry.IsDir() && (hidden || slices.Contains([]string{"bin", "node_modules", "testdata"}, entry.Name())) {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(file, ".go") {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel("..", file)
		if err != nil {
			return err
		}
		all = append(all, read(t, filepath.ToSlash(relative), string(content)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go file found")
	}
	return all
}

func read(t *testing.T, name, content string) source {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s := source{path: name, name: file.Name.Name, doc: file.Doc.Text()}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, imported)
	}
	return s
}
