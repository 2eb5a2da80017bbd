package echohttp

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	// What the generated client imports; named here so that go.mod keeps it.
	_ "github.com/oapi-codegen/runtime"
)

// A client in another language needs another generator; that one generator
// makes a client that compiles, and reads as it should, shows that the
// document holds together.
func TestDocumentGeneratesAClientThatCompiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	generated, config := filepath.Join(dir, "client.gen.go"), filepath.Join(dir, "config.yaml")
	settings := "package: client\ngenerate: {models: true, client: true}\noutput: " + generated + "\n"
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		if output, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, output)
		}
	}
	run("run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2", "--config", config, "openapi.yaml")
	// Files named on the command line are a package of this module, wherever they lie; but all must lie together.
	use, err := os.ReadFile("testdata/client/use.go")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "use.go")
	if err := os.WriteFile(copied, use, 0o600); err != nil {
		t.Fatal(err)
	}
	run("build", "-o", os.DevNull, generated, copied)
}
