package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sallyport-auth/sallyport/test/browser"
	"github.com/sallyport-auth/sallyport/test/mailbox"
	"github.com/sallyport-auth/sallyport/test/service"
)

// What a person meets on the two pages that links in mails lead to.
const (
	send        = chromedp.CSS("button[type=submit]")
	newPassword = chromedp.CSS("#new_password")
	showIt      = chromedp.CSS("#show")
	problem     = chromedp.CSS("#problem")
	finished    = chromedp.CSS("#status.done")
)

// phone is how wide a small phone is.
var phone = chromedp.EmulateViewport(360, 640, chromedp.EmulateMobile)

func mailedTo(t *testing.T) (*service.Service, *mailbox.Server) {
	t.Helper()
	box := mailbox.Start(t, mailbox.Config{})
	s := service.Start(t, "sqlite:sallyport.db", "SMTP_URL="+box.URL(), "PUBLIC_URL=https://auth.example.com")
	register(s, ada)
	return s, box
}

func TestTheVerificationPageConfirmsWhenAPersonPressesTheButton(t *testing.T) {
	t.Parallel()
	s, box := mailedTo(t)
	mailed := token(t, box.WaitFor(ada, 1), "https://auth.example.com", "verify-email")
	link := s.URL + "/verify-email#token=" + mailed
	verified := func() bool {
		var got account
		me(s, login(s, ada).AccessToken).Want(http.StatusOK).Into(&got)
		return got.EmailVerified
	}

	tab := browser.Open(t)
	seen := browser.Watch(t, tab)
	press(t, tab, "open the link", phone, chromedp.Navigate(link), chromedp.WaitVisible(send))
	picture(t, tab, "verify-email")
	address, err := chromedp.Run(tab, chromedp.Location())
	if err != nil || strings.Contains(address, mailed) || address != s.URL+"/verify-email" {
		t.Errorf("address bar: got %q (%v), want it without the token", address, err)
	}
	if verified() {
		t.Fatal("opening the link verified the address: a mail scanner would have")
	}
	press(t, tab, "press the button", chromedp.Click(send), chromedp.WaitVisible(finished))
	picture(t, tab, "verify-email-done")
	if !verified() {
		t.Error("the page says done, and the address is not verified")
	}
	seen.OnlyFrom(s.URL)
	for _, request := range seen.Requests() {
		if path, _, _ := strings.Cut(request, "#"); strings.Contains(path, mailed) {
			t.Errorf("the token went into the URL of a request: %s", request)
		}
	}
}

func TestAUsedLinkSaysSo(t *testing.T) {
	t.Parallel()
	s, box := mailedTo(t)
	mailed := token(t, box.WaitFor(ada, 1), "https://auth.example.com", "verify-email")
	post(s, "/auth/email/verify", map[string]string{"token": mailed}).Want(http.StatusNoContent)
	tab := browser.Open(t)
	press(t, tab, "use it again", phone, chromedp.Navigate(s.URL+"/verify-email#token="+mailed),
		chromedp.Click(send), chromedp.WaitVisible(problem))
	if got := text(t, tab, problem); !strings.Contains(got, "Invalid or expired token") {
		t.Errorf("got %q, want it to say Invalid or expired token", got)
	}
	picture(t, tab, "verify-email-used")
	press(t, tab, "open it without a token", chromedp.Navigate(s.URL+"/reset-password"), chromedp.WaitVisible(problem))
	if got := text(t, tab, problem); !strings.Contains(got, "not complete") {
		t.Errorf("got %q, want it to say that the link is not complete", got)
	}
	picture(t, tab, "reset-password-incomplete")
}

func TestTheResetPageTakesANewPassword(t *testing.T) {
	t.Parallel()
	s, box := mailedTo(t)
	post(s, "/auth/password/forgot", map[string]string{"email": ada}).Want(http.StatusAccepted)
	mailed := token(t, box.WaitFor(ada, 2), "https://auth.example.com", "reset-password")

	tab := browser.Open(t)
	seen := browser.Watch(t, tab)
	press(t, tab, "open the link", phone, chromedp.Navigate(s.URL+"/reset-password#token="+mailed), chromedp.WaitVisible(newPassword))
	picture(t, tab, "reset-password")
	press(t, tab, "choose a poor password", chromedp.SendKeys(newPassword, "short"), chromedp.Click(send), chromedp.WaitVisible(problem))
	if got := text(t, tab, problem); !strings.Contains(got, "The new password must be at least 12 characters") {
		t.Errorf("got %q, want the rule in words", got)
	}
	picture(t, tab, "reset-password-refused")
	refusals := len(seen.Complaints()) // the browser reports the 422
	press(t, tab, "choose a good one", chromedp.SendKeys(newPassword, " is not "+other), chromedp.Click(showIt), chromedp.Click(send), chromedp.WaitVisible(finished))
	picture(t, tab, "reset-password-done")
	tryLogin(s, ada, "short is not "+other).Want(http.StatusOK)
	for _, complaint := range seen.Complaints()[refusals:] {
		t.Errorf("the browser complains: %s", complaint)
	}
}

func TestThePagesAreFramedAndFedByNobodyElse(t *testing.T) {
	t.Parallel()
	s, _ := mailedTo(t)
	for path, want := range map[string]string{
		"/verify-email": "text/html; charset=utf-8", "/reset-password": "text/html; charset=utf-8",
		"/pages/page.js": "text/javascript; charset=utf-8", "/pages/page.css": "text/css; charset=utf-8",
	} {
		response := page(t, s.URL+path)
		if got := response.Header.Get("Content-Type"); !strings.EqualFold(got, want) || response.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200 %s", path, response.StatusCode, got, want)
		}
		policy := response.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: policy %q, want %q in it", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q, want nothing unsafe in it", path, policy)
		}
	}
}
