package application_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var errDown = errors.New("connection refused")

func TestAMailOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	p.office = func(application.Mail) error { return errDown }
	p.signUp(ada)
	for _, wait := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second} {
		p.pass(wait - time.Microsecond)
		tried := p.tried
		p.deliver()
		if wait > 0 && p.tried != tried {
			t.Errorf("tried again before %s had passed", wait)
		}
		p.pass(time.Microsecond)
		p.deliver()
		if p.tried != tried+1 {
			t.Errorf("after %s: got %d tries, want one more than %d", wait, p.tried, tried)
		}
	}
	if got := p.last(domain.MailFailed); got.Outcome != domain.Failure || got.Details["error"] != errDown.Error() ||
		got.Details["attempts"] != "4" || got.Subject != string(p.user(ada).ID) {
		t.Errorf("event: got %+v, want the fourth failure, its user and its cause", got)
	}
	p.office = nil
	p.pass(8 * time.Second)
	p.mailTo(ada)
	if n := p.waiting(); n != 0 {
		t.Errorf("got %d left in the outbox, want none", n)
	}
}

func TestARefusedMailIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	p.office = func(application.Mail) error { return fmt.Errorf("%w: 550 no such mailbox", application.ErrMailRefused) }
	p.signUp(ada)
	for range 20 {
		p.deliver()
		p.pass(10 * time.Minute)
	}
	if p.tried != 8 || p.waiting() != 0 {
		t.Errorf("got %d tries and %d left, want 8 and none", p.tried, p.waiting())
	}
	events, err := p.store.Audit().List(t.Context(), application.AuditFilter{Type: domain.MailFailed}, application.Page[domain.EventID]{Limit: 9})
	if err != nil || len(events) != 1 || events[0].Reason != "given_up_refused" || !strings.Contains(events[0].Details["error"], "550") {
		t.Errorf("audit: got %+v (%v), want one row that says so", events, err)
	}
}

func TestAMailThatIsWorthNothingAnyMoreIsNotSent(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	user := p.signUp(ada)
	p.deliver()
	if err := p.forgot.Do(t.Context(), user.Email); err != nil {
		t.Fatal(err)
	}
	p.pass(30 * time.Minute)
	if mails := p.deliver(); len(mails) != 0 || p.waiting() != 0 {
		t.Errorf("got %v and %d left, want neither a mail nor a row", recipients(mails), p.waiting())
	}
	if got := p.last(domain.MailFailed); got.Reason != "given_up_expired" {
		t.Errorf("event: got reason %q, want given_up_expired", got.Reason)
	}
}

func TestOneBadMailboxHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	p.office = func(m application.Mail) error {
		if m.To.String() == ada {
			return errDown
		}
		return nil
	}
	p.signUp(ada)
	p.signUp(grace)
	p.mailTo(grace)
}

func TestAServerThatIsGoneIsNotAskedForEveryMail(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	p.office = func(application.Mail) error { return errDown }
	for i := range 20 {
		p.signUp(fmt.Sprintf("user%d@example.com", i))
	}
	p.deliver()
	if p.tried != 3 {
		t.Errorf("got %d tries in one run, want 3", p.tried)
	}
	p.office = nil
	p.pass(time.Minute)
	if mails := p.deliver(); len(mails) != 20 {
		t.Errorf("got %d mails once it was back, want all 20", len(mails))
	}
}

func TestAnAcceptedMailIsNotSentAgainWhenItsRowCouldNotGo(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	stubborn := &stubbornStore{Storage: p.store, refuse: true}
	p.delivery.Journal.Store = stubborn
	p.signUp(ada)
	if err := p.delivery.Run(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	stubborn.refuse = false
	p.deliver()
	if p.tried != 1 || p.waiting() != 0 {
		t.Errorf("got %d tries and %d left, want 1 and none", p.tried, p.waiting())
	}
}

// stubbornStore keeps what is in its outbox for as long as refuse says.
type stubbornStore struct {
	application.Storage
	refuse bool
}

func (s *stubbornStore) Outbox() application.OutboxStore {
	return stubbornOutbox{s.Storage.Outbox(), s}
}

type stubbornOutbox struct {
	application.OutboxStore
	of *stubbornStore
}

func (o stubbornOutbox) Delete(ctx context.Context, id domain.MessageID) error {
	if o.of.refuse {
		return domain.ErrUnavailable
	}
	return o.OutboxStore.Delete(ctx, id)
}

func TestACommitRousesTheJob(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	roused := func() bool {
		select {
		case <-p.delivery.Job(p.outbox).Wake:
			return true
		default:
			return false
		}
	}
	p.signUp(ada)
	p.signUp(grace)
	if !roused() || roused() {
		t.Error("want one wake-up for what is there, and then none")
	}
	if err := p.forgot.Do(t.Context(), email(t, "nobody@example.com")); err != nil {
		t.Fatal(err)
	}
	if !roused() {
		t.Error("an address without an account did not wake the job: the work differs")
	}
}

func TestWhatTheOutboxKeepsHoldsNoToken(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	p.signUp(ada)
	due, err := p.store.Outbox().Due(t.Context(), p.Now(), 9)
	if err != nil || len(due) != 1 {
		t.Fatalf("got %d messages (%v), want 1", len(due), err)
	}
	token := p.tokenIn(p.mailTo(ada), "verify-email")
	if secret, _, _ := strings.Cut(token, "."); strings.Contains(string(due[0].Sealed), secret) {
		t.Error("the row holds the token in the clear")
	}
}

func TestAFolderReplacesTheTextsThatItHolds(t *testing.T) {
	t.Parallel()
	p := newPostal(t)
	templates, err := application.LoadMailTemplates(fstest.MapFS{
		"verify_email.txt": {Data: []byte("Subject: Grüße von {{.Site}}\r\n\r\n{{.To}}: {{.Link}}\r\n")},
		"README.md":        {Data: []byte("what this folder is")},
	})
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	p.delivery.Templates = templates
	user := p.signUp(ada)
	mail := p.mailTo(ada)
	if mail.Subject != "Grüße von auth.example.com" || !strings.HasPrefix(mail.Text.Reveal(), ada+": https://auth.example.com/base/verify-email#token=") {
		t.Errorf("got %q: %q, want our own words", mail.Subject, mail.Text.Reveal())
	}
	if err := p.forgot.Do(t.Context(), user.Email); err != nil {
		t.Fatal(err)
	}
	p.tokenIn(p.mailTo(ada), "reset-password") // as it comes with the service
}

func TestABadTextIsFoundAtTheStart(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]struct{ name, text, want string }{
		"no such mail":       {"welcome.txt", "Subject: s\n\nt", "no such mail"},
		"no template":        {"verify_email.txt", "Subject: s\n\n{{.Link", "unclosed"},
		"an unknown value":   {"verify_email.txt", "Subject: s\n\n{{.Link}} {{.Name}}", "Name"},
		"no subject":         {"verify_email.txt", "Hello\n\n{{.Link}}", "Subject"},
		"an empty subject":   {"verify_email.txt", "Subject: \n\n{{.Link}}", "Subject"},
		"no empty line":      {"verify_email.txt", "Subject: s\n{{.Link}}", "Subject"},
		"a second header":    {"verify_email.txt", "Subject: s\nBcc: eve@example.com\n\n{{.Link}}", "Subject"},
		"no link":            {"reset_password.txt", "Subject: s\n\nt", "{{.Link}}"},
		"a control":          {"verify_email.txt", "Subject: s\n\n{{.Link}}\x1b[31m", "control"},
		"no UTF-8":           {"verify_email.txt", "Subject: s\n\n{{.Link}}\xff", "UTF-8"},
		"a text without end": {"verify_email.txt", `Subject: s` + "\n\n" + `{{define "a"}}{{.Link}}{{.Link}}{{.Link}}{{.Link}}{{template "a" .}}{{end}}{{template "a" .}}`, "64 KiB"},
	} {
		_, err := application.LoadMailTemplates(fstest.MapFS{file.name: {Data: []byte(file.text)}})
		if err == nil || !strings.Contains(err.Error(), file.want) || !strings.Contains(err.Error(), file.name) {
			t.Errorf("%s: got %v, want an error that names %s and says %s", name, err, file.name, file.want)
		}
	}
}
