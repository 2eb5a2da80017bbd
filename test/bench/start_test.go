package bench

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// shippedBinary builds the program as `make build` does, and returns its path.
func shippedBinary(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "sallyport")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "../../cmd/sallyport")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// BenchmarkStart tells how long the program takes from its start to its first
// answer, with its schema in place, what memory it then holds, and its size.
func BenchmarkStart(b *testing.B) {
	binary := shippedBinary(b)
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	for _, storage := range []struct {
		name, database, unit string
	}{
		{"sqlite", "sqlite:" + filepath.Join(b.TempDir(), "sallyport.db"), "ms-start(<=50)"},
		{"postgres", newDatabase(b, durablePostgres(b)).URL, "ms-start(<=80)"},
	} {
		b.Run(storage.name, func(b *testing.B) {
			for b.Loop() {
				var starts, memory []float64
				for round := range 1 + 9 { // the first one makes the schema
					took, mib := start(b, binary, storage.database)
					if round > 0 {
						starts, memory = append(starts, milliseconds(took)), append(memory, mib)
					}
				}
				tell(b, map[string]float64{
					storage.unit: median(starts), "MiB-idle(<=30)": median(memory), "MB-binary(<=35)": float64(info.Size()) / 1e6,
				})
			}
		})
	}
}

// start runs the program until it has answered once and then rested for two seconds.
func start(b *testing.B, binary, database string) (took time.Duration, mib float64) {
	b.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", servers.FreePort(b))
	cmd := exec.Command(binary, "serve")
	cmd.Dir = b.TempDir()
	cmd.Env = []string{
		"SALLYPORT_ADDR=" + address, fmt.Sprintf("SALLYPORT_OPS_ADDR=127.0.0.1:%d", servers.FreePort(b)),
		"SALLYPORT_DATABASE_URL=" + database, "SALLYPORT_SECRET=" + service.Secret,
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for deadline := began.Add(20 * time.Second); ; time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			b.Fatal("no answer after 20 s")
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			continue
		}
		_ = c.Close()
		// It listens before it is ready, and answers when it is.
		answered := connect(b, "http://"+address, []talker{repeat(request("GET", "/.well-known/jwks.json", ""))})
		err = answered[0].exchange()
		took = time.Since(began)
		if err != nil {
			b.Fatal(err)
		}
		break
	}
	time.Sleep(2 * time.Second)
	return took, resident(b, cmd.Process.Pid)
}
