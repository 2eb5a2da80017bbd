package application_test

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/memlimit"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// postal is everything that mails need, over memory, with a clock that stands
// still and a post office that does what it is told.
type postal struct {
	t     *testing.T
	store *memory.Store

	register application.Register
	verify   application.VerifyEmail
	forgot   application.ForgotPassword
	reset    application.ResetPassword
	change   application.ChangeEmail
	password application.ChangePassword
	outbox   *application.Outbox
	delivery *application.DeliverMail

	mu     sync.Mutex
	now    time.Time
	events []domain.Event
	office func(application.Mail) error // nil: accepts
	mails  []application.Mail           // accepted
	tried  int
}

func newPostal(t *testing.T) *postal {
	t.Helper()
	p := &postal{t: t, store: memory.New(), now: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)}
	sealer, err := envelope.New(envelope.Config{Secret: domain.RandomSecret()})
	if err != nil {
		t.Fatal(err)
	}
	journal := application.Journal{Store: p.store, Recorder: p, Clock: p, IDs: system.IDs{}}
	policy := domain.PasswordPolicy{MinLength: 8}
	p.outbox = application.NewOutbox(sealer, p, system.IDs{})
	p.register = application.Register{Journal: journal, Hasher: p, Queue: p, Policy: policy, Open: true, Outbox: p.outbox}
	p.verify = application.VerifyEmail{Journal: journal, Outbox: p.outbox}
	p.forgot = application.ForgotPassword{Journal: journal, Outbox: p.outbox}
	p.reset = application.ResetPassword{Journal: journal, Hasher: p, Queue: p, Policy: policy}
	p.change = application.ChangeEmail{Journal: journal, Hasher: p, Queue: p, Outbox: p.outbox}
	p.password = application.ChangePassword{
		Journal: journal, Hasher: p, Queue: p, Policy: policy,
		Grants: application.Grants{Signer: p, IDs: system.IDs{}, Lifetimes: domain.Lifetimes{Access: time.Minute, Idle: time.Hour, Absolute: time.Hour}},
	}
	p.delivery = &application.DeliverMail{
		Journal: journal, Sealer: sealer, Mailer: p, Templates: application.StockMailTemplates(), PublicURL: "https://auth.example.com/base/",
	}
	return p
}

// The ports that a mail's way needs, as simple as they can be.

func (p *postal) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *postal) Record(_ context.Context, e domain.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
}

func (p *postal) Send(_ context.Context, mail application.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tried++
	if p.office != nil {
		if err := p.office(mail); err != nil {
			return err
		}
	}
	p.mails = append(p.mails, mail)
	return nil
}

func (*postal) Hash(_ context.Context, password domain.Password) (domain.PasswordHash, error) {
	return domain.NewPasswordHash("hash of " + password.Reveal()), nil
}

func (*postal) Verify(_ context.Context, hash domain.PasswordHash, password domain.Password) (application.Verification, error) {
	return application.Verification{Match: hash.Reveal() == "hash of "+password.Reveal()}, nil
}

func (*postal) Admit(context.Context) error { return nil }

func (*postal) Do(_ context.Context, _ string, work func()) error {
	work()
	return nil
}

func (*postal) SignAccess(context.Context, domain.AccessClaims) (domain.AccessToken, error) {
	return domain.AccessToken{}, nil
}

func (*postal) SignRefresh(domain.RefreshClaims) (domain.RefreshToken, error) {
	return domain.RefreshToken{}, nil
}

// throttle returns the limits that a service has by itself, with nothing taken.
func (p *postal) throttle() application.Throttle {
	key := &application.KeptKey{Name: "limiter", Store: p.store, Sealer: openSealer{}}
	return application.NewThrottle(memlimit.New(memlimit.Config{}, p), application.DefaultLimits(), key, p, system.IDs{})
}

// Steps.

func (p *postal) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

const firstPassword = "the first password"

// signUp makes an account, and returns it.
func (p *postal) signUp(address string) domain.User {
	p.t.Helper()
	err := p.register.Do(p.t.Context(), application.Registration{Email: email(p.t, address), Password: password(firstPassword)})
	if err != nil {
		p.t.Fatalf("register %s: %v", address, err)
	}
	return p.user(address)
}

func (p *postal) user(address string) domain.User {
	p.t.Helper()
	user, err := p.store.Users().UserByEmail(p.t.Context(), email(p.t, address))
	if err != nil {
		p.t.Fatalf("read %s: %v", address, err)
	}
	return user
}

// deliver runs the job once and returns what was accepted in that run.
func (p *postal) deliver() []application.Mail {
	p.t.Helper()
	p.mu.Lock()
	before := len(p.mails)
	p.mu.Unlock()
	if err := p.delivery.Run(p.t.Context()); err != nil {
		p.t.Fatalf("deliver: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]application.Mail(nil), p.mails[before:]...)
}

// mailTo delivers, and returns the only mail, which must be to address.
func (p *postal) mailTo(address string) application.Mail {
	p.t.Helper()
	mails := p.deliver()
	if len(mails) != 1 || mails[0].To.String() != address {
		p.t.Fatalf("got %v, want one mail to %s", recipients(mails), address)
	}
	return mails[0]
}

func recipients(mails []application.Mail) []string {
	var to []string
	for _, m := range mails {
		to = append(to, m.To.String()+": "+m.Subject)
	}
	return to
}

// tokenIn returns the token of the one link in a mail, which must lead to page.
func (p *postal) tokenIn(mail application.Mail, page string) string {
	p.t.Helper()
	links := regexp.MustCompile(`(?m)^https://auth\.example\.com/base/`+page+`#token=(\S+)$`).FindAllStringSubmatch(mail.Text.Reveal(), -1)
	if len(links) != 1 {
		p.t.Fatalf("got %d links to %s, want 1 on a line of its own:\n%s", len(links), page, mail.Text.Reveal())
	}
	return links[0][1]
}

func (p *postal) accepts(address, text string) bool {
	p.t.Helper()
	account, err := p.store.Credentials().AccountByEmail(p.t.Context(), email(p.t, address))
	if err != nil {
		p.t.Fatalf("read %s: %v", address, err)
	}
	return account.Password.Hash.Reveal() == "hash of "+text
}

// last returns the newest event of a type.
func (p *postal) last(kind domain.EventType) domain.Event {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.events) - 1; i >= 0; i-- {
		if p.events[i].Type == kind {
			return p.events[i]
		}
	}
	p.t.Fatalf("got no event %s", kind)
	return domain.Event{}
}

func (p *postal) waiting() int {
	p.t.Helper()
	due, err := p.store.Outbox().Due(p.t.Context(), p.Now().Add(1000*time.Hour), 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	return len(due)
}

func (p *postal) refused(what string, err, want error) {
	p.t.Helper()
	if !errors.Is(err, want) {
		p.t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func email(t *testing.T, address string) domain.Email {
	t.Helper()
	parsed, err := domain.ParseEmail(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func refusedOn(err error, field string) bool {
	var e *domain.Error
	return errors.As(err, &e) && len(e.Fields) == 1 && e.Fields[0].Field == field
}
