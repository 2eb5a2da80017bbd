package service

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sallyport-binary-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "sallyport")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/sallyport")
	cmd.Dir = root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// Binary builds the program once for the test process, and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatalf("build the service: %v", err)
	}
	return path
}

// RemoveBinary deletes what Binary built; call it at the end of TestMain.
func RemoveBinary() {
	if path, err := build(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}

// root returns the module's folder.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
