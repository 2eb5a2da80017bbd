package application

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// ErrMailRefused says that a mail was refused for good, and would be again.
var ErrMailRefused = errors.New("the mail was refused")

// DeliverMail sends what is in the outbox: at least once, and twice only when
// the process dies between the moment that a mail was accepted and the moment
// that its row is gone. It is a Job's Run: one replica at a time.
type DeliverMail struct {
	Journal   Journal
	Sealer    Sealer
	Mailer    Mailer
	Templates *MailTemplates
	PublicURL string // base of the links

	// accepted holds the mails whose row could not be deleted after they were
	// accepted: they must go, and not be sent again.
	accepted map[domain.MessageID]bool
}

const (
	mailBatch    = 50
	mailTimeout  = 20 * time.Second // for one mail
	mailFarewell = 5 * time.Second  // for the mail that is under way at a shutdown

	// A mail is tried again after 1, 2, 4, 8 … seconds, at most every ten
	// minutes, until it is worth nothing: its token is over, or it is three
	// days old. One that is refused for good is tried eight times, which takes
	// four minutes: servers also say no for good while they are being mended.
	mailMaxWait     = 10 * time.Minute
	mailLife        = 72 * time.Hour
	mailMaxRefusals = 8

	// After so many failures in a row the server is taken to be gone, and the
	// rest waits for the next run.
	mailPatience = 3
)

// Job returns the job that sends. It looks into the outbox every two seconds
// for what another replica wrote, or is to be tried again, and at once for what
// was written here; when the replica that sends dies, another takes over within
// ten seconds.
func (d *DeliverMail) Job(outbox *Outbox) Job {
	return Job{Name: "mail", Every: 2 * time.Second, Lease: 10 * time.Second, Run: d.Run, Wake: outbox.wake}
}

// Run sends what is due.
func (d *DeliverMail) Run(ctx context.Context) error {
	failures := 0
	for {
		due, err := d.Journal.Store.Outbox().Due(ctx, d.Journal.Clock.Now(), mailBatch)
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		for _, m := range due {
			if failures == mailPatience {
				return nil // the next run goes on from here
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			sent, err := d.deliver(ctx, m)
			if err != nil {
				return fmt.Errorf("deliver mail %s: %w", m.ID, err)
			}
			if failures++; sent {
				failures = 0
			}
		}
		if len(due) < mailBatch {
			return nil
		}
	}
}

// deliver sends one mail, and reports whether the server is well. An error is
// storage's: then the mail is still there.
func (d *DeliverMail) deliver(ctx context.Context, m domain.Message) (bool, error) {
	if m.Template == decoy || d.accepted[m.ID] {
		return true, d.remove(ctx, m.ID)
	}
	e, mail, err := d.open(m)
	if err == nil {
		if expired(m, e, d.Journal.Clock.Now()) {
			return true, d.giveUp(ctx, m, e, "expired", nil)
		}
		err = d.send(ctx, mail)
	}
	switch {
	case err == nil:
		return true, d.remove(ctx, m.ID)
	case errors.Is(err, ErrMailRefused) && m.Attempts+1 >= mailMaxRefusals:
		return true, d.giveUp(ctx, m, e, "refused", err)
	case expired(m, e, d.Journal.Clock.Now()):
		return false, d.giveUp(ctx, m, e, "expired", err)
	}
	return errors.Is(err, ErrMailRefused), d.again(ctx, m, e, err)
}

func expired(m domain.Message, e enclosure, now time.Time) bool {
	over := !e.ExpiresAt.IsZero() && !now.Before(e.ExpiresAt)
	return over || now.Sub(m.CreatedAt) >= mailLife
}

// open makes the mail of a message.
func (d *DeliverMail) open(m domain.Message) (enclosure, Mail, error) {
	plain, _, err := d.Sealer.Open(enclosureName(m.ID), m.Sealed)
	if err != nil {
		return enclosure{}, Mail{}, err
	}
	var e enclosure
	if err := json.Unmarshal(plain, &e); err != nil {
		return enclosure{}, Mail{}, fmt.Errorf("decode a mail's values: %w", err)
	}
	subject, text, err := d.Templates.render(m.Template, d.text(m, e))
	if err != nil {
		return e, Mail{}, fmt.Errorf("write the mail %s: %w", m.Template, err)
	}
	return e, Mail{ID: m.ID, To: m.To, Subject: subject, Text: domain.NewSecret(text)}, nil
}

// mailPages says which page a token is for. The token stands in the fragment,
// which browsers keep to themselves.
var mailPages = map[string]string{
	mailVerifyEmail:   "/verify-email#token=",
	mailChangeEmail:   "/verify-email#token=",
	mailResetPassword: "/reset-password#token=",
}

func (d *DeliverMail) text(m domain.Message, e enclosure) MailText {
	base := strings.TrimRight(d.PublicURL, "/")
	text := MailText{To: m.To.String(), NewEmail: e.NewEmail, Site: base}
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		text.Site = u.Host
	}
	if e.Token != "" {
		text.Link = base + mailPages[m.Template] + e.Token
	}
	if !e.ExpiresAt.IsZero() {
		text.Valid = inWords(e.ExpiresAt.Sub(m.CreatedAt))
	}
	return text
}

// send gives a mail that is under way a little time to end when ctx does: cut
// off in the middle, nobody would know whether it was accepted.
func (d *DeliverMail) send(ctx context.Context, mail Mail) error {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(mailFarewell, cancel) })
	defer stop()
	return d.Mailer.Send(sending, mail)
}

// remove deletes the row of a mail that is done with, also at a shutdown.
func (d *DeliverMail) remove(ctx context.Context, id domain.MessageID) error {
	if d.accepted == nil {
		d.accepted = map[domain.MessageID]bool{}
	}
	d.accepted[id] = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailFarewell)
	defer cancel()
	if err := d.Journal.Store.Outbox().Delete(ctx, id); err != nil {
		return err
	}
	delete(d.accepted, id)
	return nil
}

// again reschedules a mail that failed, and tells the operator.
func (d *DeliverMail) again(ctx context.Context, m domain.Message, e enclosure, cause error) error {
	wait := mailMaxWait
	if m.Attempts < 10 {
		wait = min(wait, time.Second<<m.Attempts)
	}
	ctx = context.WithoutCancel(ctx)
	err := d.Journal.Store.Outbox().Reschedule(ctx, m.ID, m.Attempts+1, d.Journal.Clock.Now().Add(wait))
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	event := failure(m, e, "will_be_tried_again", cause)
	event.Details["next_attempt_in"] = wait.String()
	d.Journal.Record(ctx, event)
	return nil
}

// giveUp deletes a mail that is not to be tried again, with an audit row: the
// person waits for it.
func (d *DeliverMail) giveUp(ctx context.Context, m domain.Message, e enclosure, reason string, cause error) error {
	return d.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		note(failure(m, e, "given_up_"+reason, cause))
		return tx.Outbox().Delete(ctx, m.ID)
	})
}

func failure(m domain.Message, e enclosure, reason string, cause error) domain.Event {
	details := map[string]string{"mail": m.Template, "message": string(m.ID), "attempts": strconv.Itoa(m.Attempts + 1)}
	if cause != nil {
		details["error"] = cause.Error()
	}
	return domain.Event{Type: domain.MailFailed, Outcome: domain.Failure, Reason: reason, Subject: string(e.User), Details: details}
}
