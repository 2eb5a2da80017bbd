package e2e

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sallyport-auth/sallyport/test/browser"
	"github.com/sallyport-auth/sallyport/test/service"
)

// What a person presses on the documentation page.
const (
	authorize  = chromedp.CSS(".btn.authorize")
	username   = chromedp.CSS("#oauth_username")
	secret     = chromedp.CSS("#oauth_password")
	logIn      = chromedp.CSS(".auth-btn-wrapper .btn.authorize")
	loggedIn   = chromedp.CSS(`.auth-btn-wrapper .btn[aria-label="Remove authorization"]`)
	refused    = chromedp.CSS(".auth-container .errors")
	done       = chromedp.CSS(".btn-done")
	readMe     = chromedp.CSS("#operations-Account-readMe .opblock-summary-control")
	execute    = chromedp.CSS("#operations-Account-readMe .execute")
	liveStatus = chromedp.CSS("#operations-Account-readMe .live-responses-table .response .response-col_status")
	liveBody   = chromedp.CSS("#operations-Account-readMe .live-responses-table .response-col_description pre")
)

func TestTheDocumentationPageLogsInAndTriesTheAPIOut(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	const email = "ada@example.com"
	register(s, email)

	tab := browser.Open(t)
	seen := browser.Watch(t, tab)
	press(t, tab, "open the page", chromedp.Navigate(s.URL+"/docs"), chromedp.WaitVisible(authorize))
	picture(t, tab, "docs")
	press(t, tab, "log in", chromedp.Click(authorize),
		chromedp.WaitVisible(username), chromedp.SendKeys(username, email), chromedp.SendKeys(secret, password))
	picture(t, tab, "docs-authorize")
	press(t, tab, "log in", chromedp.Click(logIn), chromedp.WaitVisible(loggedIn), chromedp.Click(done))
	press(t, tab, "try /users/me", chromedp.Click(readMe), chromedp.Click(execute), chromedp.WaitVisible(liveBody), chromedp.ScrollIntoView(liveBody))
	picture(t, tab, "docs-me")

	if status := strings.Fields(text(t, tab, liveStatus)); len(status) == 0 || status[0] != "200" {
		t.Errorf("GET /users/me on the page: status %q, want 200", status)
	}
	if body := text(t, tab, liveBody); !strings.Contains(body, `"`+email+`"`) {
		t.Errorf("GET /users/me on the page: %s, want the user %s", body, email)
	}
	seen.OnlyFrom(s.URL)
}

func TestTheDocumentationPageSaysWhenALoginIsRefused(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	register(s, "ada@example.com")
	tab := browser.Open(t)
	press(t, tab, "log in with a wrong password",
		chromedp.Navigate(s.URL+"/docs"), chromedp.Click(authorize),
		chromedp.WaitVisible(username), chromedp.SendKeys(username, "ada@example.com"), chromedp.SendKeys(secret, "not the password"),
		chromedp.Click(logIn), chromedp.WaitVisible(refused))
	if got := text(t, tab, refused); !strings.Contains(got, "Incorrect email or password") {
		t.Errorf("a wrong password on the page: %q, want it to say Incorrect email or password", got)
	}
	picture(t, tab, "docs-refused")
}

func TestTheDocumentationPageCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db", "DOCS=off")
	s.Get("/docs").Want(http.StatusNotFound)
	s.Get("/openapi.yaml").Want(http.StatusOK)
}

// press does what a person does on a page.
func press(t *testing.T, tab context.Context, what string, steps ...chromedp.Action[chromedp.Void]) { //nolint:revive // t comes first
	t.Helper()
	limited, cancel := context.WithTimeout(tab, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(limited, steps...); err != nil {
		picture(t, tab, "failure")
		t.Fatalf("%s: %v", what, err)
	}
}

// text returns what a person reads in an element.
func text(t *testing.T, tab context.Context, element chromedp.CSS) string { //nolint:revive // t comes first
	t.Helper()
	got, err := chromedp.Run(tab, chromedp.Text(element))
	if err != nil {
		t.Fatalf("read %s: %v", element, err)
	}
	return got
}

// picture keeps what the page looks like (go test -artifacts), for people.
func picture(t *testing.T, tab context.Context, name string) { //nolint:revive // t comes first
	t.Helper()
	png, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		t.Logf("screenshot of %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), png, 0o600); err != nil {
		t.Errorf("keep a screenshot: %v", err)
	}
}
