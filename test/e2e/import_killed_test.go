package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

func TestAnImportThatIsKilledGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]string{
		"sqlite":   "sqlite:" + t.TempDir() + "/killed.db",
		"postgres": servers.SharedPostgres(t).CreateDatabase(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const all, before = 3500, 2500
			lines := make([]string, all)
			for i := range lines {
				lines[i] = fmt.Sprintf(`{"email":"user%04d@example.com","name":"User %d"}`, i, i)
			}
			s := service.Configure(t, database)
			first := exec.Command(service.Binary(t), "users", "import", "-")
			first.Env = []string{"PATH=" + os.Getenv("PATH"), "SALLYPORT_DATABASE_URL=" + database, "SALLYPORT_SECRET=" + service.Secret}
			in, err := first.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(in, strings.Join(lines[:before], "\n")+"\n"); err != nil {
				t.Fatal(err)
			}
			// Two batches are in, and the third waits for more lines.
			for deadline := time.Now().Add(30 * time.Second); ; {
				if _, _, code := s.Command("", "users", "show", "user1999@example.com"); code == 0 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("two batches are not in after 30 s")
				}
			}
			_ = first.Process.Kill()
			_ = first.Wait()

			got, _ := bring(t, s, 0, written(t, "people.jsonl", lines...))
			if want := (outcome{Lines: all, Added: all - 2000, Present: 2000}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}
