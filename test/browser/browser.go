package browser

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a test may drive its browser: much longer than it
// takes, so that only a page that never comes is an error.
const patience = 2 * time.Minute

// programs are the names that Chromium goes by.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// Open starts a browser that ends with the test, and returns the context of its
// only tab, for chromedp.Do and chromedp.Run. It fails the test where no browser is installed.
func Open(t testing.TB) context.Context {
	t.Helper()
	allocator, stop := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(program(t)),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless,
		chromedp.NoSandbox, // it runs as root in containers, and sees the tests' own pages alone
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), // a container's /dev/shm is small
		chromedp.WindowSize(1280, 1000),
	)
	t.Cleanup(stop)
	timed, expire := context.WithTimeout(allocator, patience)
	t.Cleanup(expire)
	tab, closeTab := chromedp.NewContext(timed, chromedp.WithErrorf(t.Logf))
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return tab
}

// program returns the browser's path.
func program(t testing.TB) string {
	t.Helper()
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("none of %v is installed: run `make deps`, which names what the tests start and on Debian installs it", programs)
	return ""
}
