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
	return findAll(t, names...)[0]
}

// findAll returns the paths of those of names that are installed, at least one.
func findAll(t testing.TB, names ...string) (paths []string) {
	t.Helper()
	for _, name := range names {
		for _, folder := range append([]string{""}, folders()...) { // the PATH first
			if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
				paths = append(paths, path)
				break
			}
		}
	}
	if len(paths) == 0 {
		t.Fatalf("%s is not installed: run `make deps`", names[0])
	}
	return paths
}
