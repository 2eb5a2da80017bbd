package servers

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// Folders that hold servers on the systems we know and that a PATH often lacks; newest PostgreSQL first.
func folders() []string {
	var all []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.Reverse(found)
		all = append(all, found...)
	}
	return append(all, "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
}

// find returns the path of the first of names that is installed.
func find(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, folder := range folders() {
			if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
				return path
			}
		}
	}
	t.Fatalf("%s is not installed: run `make deps`", names[0])
	return ""
}
