package e2e

import (
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/mailbox"
	"github.com/sallyport-auth/sallyport/test/service"
)

const (
	ada   = "ada@example.com"
	other = "a longer river at dusk"
)

// token returns the token of a mail's one link to page, below base.
func token(t *testing.T, mail mailbox.Mail, base, page string) string {
	t.Helper()
	links := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(base) + `/` + page + `#token=(\S+)$`).FindStringSubmatch(mail.Data)
	if links == nil {
		t.Fatalf("no link to %s/%s in\n%s", base, page, mail.Data)
	}
	return links[1]
}

func post(s *service.Service, path string, body map[string]string, options ...service.Option) service.Response {
	return s.JSON(http.MethodPost, path, body, options...)
}

func TestAForgottenPasswordIsReplacedByMail(t *testing.T) {
	box := mailbox.Start(t, mailbox.Config{})
	onEach(t, func(t *testing.T, s *service.Service) {
		address := strings.ToLower(path.Base(t.Name())) + "@example.com" // both services send to one server
		register(s, address)
		token(t, box.WaitFor(address, 1), "https://auth.example.com/gate", "verify-email")
		before := login(s, address)

		for _, who := range []string{address, "nobody@example.com"} {
			post(s, "/auth/password/forgot", map[string]string{"email": who}).Want(http.StatusAccepted)
		}
		reset := token(t, box.WaitFor(address, 2), "https://auth.example.com/gate", "reset-password")
		use := func(token, password string) service.Response {
			return post(s, "/auth/password/reset", map[string]string{"token": token, "new_password": password})
		}
		if got := use(reset[1:], other).Want(http.StatusUnprocessableEntity).Detail(); got != "Invalid or expired token" {
			t.Errorf("a foreign token: got %q, want Invalid or expired token", got)
		}
		use(reset, "short").Want(http.StatusUnprocessableEntity)
		use(reset, other).Want(http.StatusNoContent)
		use(reset, other).Want(http.StatusUnprocessableEntity)

		me(s, before.AccessToken).Want(http.StatusUnauthorized)
		tryRefresh(s, before.RefreshToken).Want(http.StatusUnauthorized)
		tryLogin(s, address, password).Want(http.StatusUnauthorized)
		var after tokens
		tryLogin(s, address, other).Want(http.StatusOK).Into(&after)
		var got account
		me(s, after.AccessToken).Want(http.StatusOK).Into(&got)
		if !got.EmailVerified {
			t.Error("the email is not verified, although the mailbox was proved")
		}
		if log := s.Log(); strings.Contains(log, reset) {
			t.Error("the log holds the token")
		}
		for _, mail := range box.All() {
			if mail.To == "nobody@example.com" {
				t.Errorf("a mail to nobody: %s", mail.Data)
			}
		}
	}, "SMTP_URL="+box.URL(), "PUBLIC_URL=https://auth.example.com/gate/", "MAIL_FROM=Gate <gate@example.com>")
}

func TestAnAddressChangesByMail(t *testing.T) {
	t.Parallel()
	box := mailbox.Start(t, mailbox.Config{})
	s := service.Start(t, "sqlite:sallyport.db", "SMTP_URL="+box.URL(), "PUBLIC_URL=https://auth.example.com", "EMAIL_VERIFICATION=required")
	register(s, ada)
	tryLogin(s, ada, password).Want(http.StatusUnauthorized)
	box.WaitFor(ada, 1)
	post(s, "/auth/email/resend", map[string]string{"email": ada}).Want(http.StatusAccepted)
	verification := token(t, box.WaitFor(ada, 2), "https://auth.example.com", "verify-email")
	post(s, "/auth/email/verify", map[string]string{"token": verification}).Want(http.StatusNoContent)
	session := service.Bearer(login(s, ada).AccessToken)

	change := func(address, password string) service.Response {
		return post(s, "/auth/email/change", map[string]string{"new_email": address, "current_password": password}, session)
	}
	change("ada@example.org", "not the password").Want(http.StatusUnprocessableEntity)
	change("ada@example.org", password).Want(http.StatusAccepted)
	confirmation := token(t, box.WaitFor("ada@example.org", 1), "https://auth.example.com", "verify-email")
	if notice := box.WaitFor(ada, 3).Data; !strings.Contains(notice, "ada@example.org") {
		t.Errorf("the old address was not told of the new one:\n%s", notice)
	}
	post(s, "/auth/email/verify", map[string]string{"token": confirmation}).Want(http.StatusNoContent)
	post(s, "/auth/email/verify", map[string]string{"token": confirmation}).Want(http.StatusUnprocessableEntity)
	tryLogin(s, ada, password).Want(http.StatusUnauthorized)
	login(s, "ada@example.org")
}

func TestAdministratorsMailAResetAndSeeNoPassword(t *testing.T) {
	t.Parallel()
	box := mailbox.Start(t, mailbox.Config{})
	s := service.Start(t, "sqlite:sallyport.db", "SMTP_URL="+box.URL())
	register(s, ada)
	box.WaitFor(ada, 1)
	var user account
	me(s, login(s, ada).AccessToken).Want(http.StatusOK).Into(&user)
	reset := "/users/" + user.ID + "/password-reset"
	s.JSON(http.MethodPost, reset, nil, service.Bearer(login(s, ada).AccessToken)).Want(http.StatusForbidden)

	if _, stderr, code := s.Command(password, "users", "create", "boss@example.com", "--role", "admin", "--password-stdin"); code != 0 {
		t.Fatalf("make an admin: exit code %d: %s", code, stderr)
	}
	boss := service.Bearer(login(s, "boss@example.com").AccessToken)
	s.JSON(http.MethodPost, reset, nil, boss).Want(http.StatusAccepted)
	token(t, box.WaitFor(ada, 2), "http://127.0.0.1:8080", "reset-password")
	s.JSON(http.MethodPost, "/users/01985f40-5e5e-7d3c-a1b2-c3d4e5f60718/password-reset", nil, boss).Want(http.StatusNotFound)
}

func TestAnSMTPOutageLosesNoMailAndSlowsNobody(t *testing.T) {
	t.Parallel()
	box := mailbox.Start(t, mailbox.Config{})
	box.Stop()
	s := service.Start(t, "sqlite:sallyport.db", "SMTP_URL="+box.URL())
	register(s, ada)
	await(t, "a failed mail in the log", func() bool { return len(s.Events("mail.failed")) > 0 })
	s.Kill9()
	back := mailbox.Start(t, mailbox.Config{Addr: box.Addr()})
	s.Run()
	back.WaitFor(ada, 1)
	if mails := back.All(); len(mails) != 1 {
		t.Errorf("got %d mails, want 1", len(mails))
	}
}

// await asks again and again, for much longer than it takes.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30s for %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestWithoutAServerDevelopmentWritesMailsToTheLog(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db", "PUBLIC_URL=https://auth.example.com")
	register(s, ada)
	link := regexp.MustCompile(`https://auth\.example\.com/verify-email#token=([A-Za-z0-9_.-]+)`)
	await(t, "the mail in the log", func() bool { return link.MatchString(s.Log()) })
	post(s, "/auth/email/verify", map[string]string{"token": link.FindStringSubmatch(s.Log())[1]}).Want(http.StatusNoContent)
}

func TestWithoutAServerProductionHasNoMail(t *testing.T) {
	t.Parallel()
	production := []string{"ENV=production", "ISSUER=https://auth.example.com", "BCRYPT_COST=10", "RATE_LIMIT_URL=memory:"}
	s := service.Start(t, "sqlite:sallyport.db", production...)
	for _, path := range []string{
		"/auth/email/verify", "/auth/email/resend", "/auth/email/change", "/auth/password/forgot", "/auth/password/reset",
	} {
		post(s, path, map[string]string{}).Want(http.StatusNotFound)
	}
	for _, path := range []string{"/verify-email", "/reset-password"} {
		if got := page(t, s.URL+path).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got)
		}
	}
	register(s, ada)

	for name, settings := range map[string][]string{
		"EMAIL_VERIFICATION": {"EMAIL_VERIFICATION=required"},
		"SMTP_URL":           {"SMTP_URL=http://mail.example.com"},
		"MAIL_FROM":          {"SMTP_URL=smtps://mail.example.com", "MAIL_FROM=nobody"},
		"PUBLIC_URL":         {"PUBLIC_URL=http://auth.example.com"},
		"MAIL_TEMPLATES":     {"SMTP_URL=smtps://mail.example.com", "MAIL_TEMPLATES=/no/such/folder"},
	} {
		wrong := service.Configure(t, "sqlite:sallyport.db", append(settings, production...)...)
		if _, stderr, code := wrong.Command("", "serve"); code != 2 || !strings.Contains(stderr, "SALLYPORT_"+name+":") {
			t.Errorf("%s: got exit code %d and %q, want 2 and the setting's name", name, code, stderr)
		}
	}
}

// page gets what is no part of the API's document.
func page(t *testing.T, address string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}
