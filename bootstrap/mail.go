package bootstrap

import (
	"errors"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/adapters/echohttp"
	"github.com/sallyport-auth/sallyport/adapters/logmail"
	"github.com/sallyport-auth/sallyport/adapters/smtpmail"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// MailSettings is how mails leave, and what they say.
type MailSettings struct {
	PublicURL     string        `group:"Mail" computed:"the issuer" placeholder:"URL" help:"The base of the links in mails. In production it must be https."`
	SMTPURL       domain.Secret `group:"Mail" name:"smtp-url" computed:"none: mails go to the log; in production what needs mail is 404" placeholder:"URL" help:"smtp://[USER:PASSWORD@]HOST[:PORT], with STARTTLS unless the host is this machine, or smtps://."`
	MailFrom      string        `group:"Mail" computed:"no-reply@ the host of the public URL" placeholder:"ADDRESS" help:"The sender of mails: no-reply@example.com, or Example <no-reply@example.com>."`
	MailTemplates string        `group:"Mail" placeholder:"FOLDER" help:"A folder with texts of your own: verify_email.txt, already_registered.txt, reset_password.txt, change_email.txt, email_changing.txt. What is not in it stays as it comes with the service."`
}

// publicURL returns the base of the links in mails.
func (c *Configuration) publicURL() string {
	if c.PublicURL == "" {
		return c.Issuer
	}
	return c.PublicURL
}

// mailConfig returns what smtpmail is told.
func (c *Configuration) mailConfig() smtpmail.Config {
	from := c.MailFrom
	if from == "" {
		from = "no-reply@" + mailDomain(c.publicURL())
	}
	return smtpmail.Config{URL: c.SMTPURL, From: from}
}

// mailDomain returns the host of a URL where that is a name, and no address.
func mailDomain(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return "localhost" // the rule of the URL says what is wrong
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return "localhost"
	}
	return u.Hostname()
}

// mailRules hold everywhere.
func (c *Configuration) mailRules() []rule {
	rules := []rule{
		{"PUBLIC_URL", isIssuer(c.publicURL()), "must be the http or https address that people reach this service at, without query and fragment, such as https://auth.example.com"},
	}
	if c.SMTPURL.IsZero() {
		return rules
	}
	_, err := smtpmail.New(c.mailConfig())
	return append(rules,
		rule{"SMTP_URL", !errors.Is(err, smtpmail.ErrURL), smtpmail.ErrURL.Error()},
		rule{"MAIL_FROM", !errors.Is(err, smtpmail.ErrSender), smtpmail.ErrSender.Error()},
	)
}

// productionMailRules hold in production.
func (c *Configuration) productionMailRules() []rule {
	return []rule{
		{"PUBLIC_URL", strings.HasPrefix(strings.ToLower(c.publicURL()), "https://"), "must be https in production, or mailed tokens travel in the clear"},
		{"EMAIL_VERIFICATION", c.EmailVerification != "required" || !c.SMTPURL.IsZero(), "must be optional in production unless SALLYPORT_SMTP_URL is set: nobody could verify an address"},
	}
}

// mailing provides what mails need: all of it is nil where none can be sent. A
// team's own Mailer, by fx.Decorate, is one more way to send them.
var mailing = fx.Provide(
	newMailer,
	newOutbox,
	newMailUseCases,
	fx.Annotate(newMailJobs, fx.ResultTags(`group:"jobs,flatten"`)),
)

// newMailer returns the way by which mails leave: a server, in development the
// log, and in production without a server none.
func newMailer(c *Configuration, log *zap.Logger) (application.Mailer, error) {
	switch {
	case !c.SMTPURL.IsZero():
		return smtpmail.New(c.mailConfig())
	case c.production():
		return nil, nil
	}
	return logmail.New(log), nil
}

func newOutbox(mailer application.Mailer, sealer application.Sealer, clock application.Clock, ids application.IDs) *application.Outbox {
	if mailer == nil {
		return nil
	}
	return application.NewOutbox(sealer, clock, ids)
}

type mailIn struct {
	fx.In

	Outbox   *application.Outbox
	Journal  application.Journal
	Hasher   application.PasswordHasher
	Queue    application.HashingQueue
	Policy   domain.PasswordPolicy
	Throttle application.Throttle
}

func newMailUseCases(in mailIn) *echohttp.MailUseCases {
	if in.Outbox == nil {
		return nil
	}
	return &echohttp.MailUseCases{
		VerifyEmail:    &application.VerifyEmail{Journal: in.Journal, Outbox: in.Outbox, Throttle: in.Throttle},
		ForgotPassword: &application.ForgotPassword{Journal: in.Journal, Outbox: in.Outbox, Throttle: in.Throttle},
		ResetPassword:  &application.ResetPassword{Journal: in.Journal, Hasher: in.Hasher, Queue: in.Queue, Policy: in.Policy, Throttle: in.Throttle},
		ChangeEmail:    &application.ChangeEmail{Journal: in.Journal, Hasher: in.Hasher, Queue: in.Queue, Outbox: in.Outbox, Throttle: in.Throttle},
	}
}

// newMailJobs returns the job that sends what is in the outbox.
func newMailJobs(c *Configuration, mailer application.Mailer, outbox *application.Outbox, journal application.Journal, sealer application.Sealer) ([]application.Job, error) {
	if mailer == nil {
		return nil, nil
	}
	templates, err := c.mailTemplates()
	if err != nil {
		return nil, err
	}
	delivery := &application.DeliverMail{Journal: journal, Sealer: sealer, Mailer: mailer, Templates: templates, PublicURL: c.publicURL()}
	return []application.Job{delivery.Job(outbox)}, nil
}

func (c *Configuration) mailTemplates() (*application.MailTemplates, error) {
	if c.MailTemplates == "" {
		return application.StockMailTemplates(), nil
	}
	templates, err := application.LoadMailTemplates(os.DirFS(c.MailTemplates))
	if err != nil {
		return nil, &ConfigurationError{prefix + "MAIL_TEMPLATES", "must name a folder of templates: " + err.Error()}
	}
	return templates, nil
}
