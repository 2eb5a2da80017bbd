package application

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Outbox takes mails in the transaction of the change that they tell of, so
// that there is never one without the other. DeliverMail sends them.
type Outbox struct {
	sealer Sealer
	clock  Clock
	ids    IDs
	wake   chan struct{}
}

// NewOutbox returns an outbox that keeps what it holds sealed.
func NewOutbox(sealer Sealer, clock Clock, ids IDs) *Outbox {
	return &Outbox{sealer, clock, ids, make(chan struct{}, 1)}
}

// rouse is called after a commit. It never blocks; a nil Outbox has nobody to rouse.
func (o *Outbox) rouse() {
	if o == nil {
		return
	}
	select {
	case o.wake <- struct{}{}:
	default: // roused already
	}
}

// decoy is the template of a message to nobody. Where an address has no
// account, one is written in place of a mail: the same work, and nothing sent.
const decoy = "decoy"

// enclosure is what of a message is sealed.
type enclosure struct {
	User      domain.UserID `json:"user,omitempty"`
	Token     string        `json:"token,omitempty"`
	NewEmail  string        `json:"new_email,omitempty"`
	ExpiresAt time.Time     `json:"expires_at,omitzero"` // then the mail is worth nothing
}

// enclosureName binds what is sealed to its message.
func enclosureName(id domain.MessageID) string { return "outbox/" + string(id) }

// post writes a mail.
func (o *Outbox) post(ctx context.Context, tx Tx, to domain.Email, template string, e enclosure) error {
	plain, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode a mail's values: %w", err)
	}
	id, now := domain.MessageID(o.ids.NewID()), o.clock.Now()
	sealed, err := o.sealer.Seal(enclosureName(id), plain)
	if err != nil {
		return fmt.Errorf("seal a mail's values: %w", err)
	}
	return tx.Outbox().Append(ctx, domain.Message{
		ID: id, To: to, Template: template, Sealed: sealed, CreatedAt: now, NextAttemptAt: now,
	})
}

// postToken makes a token by which user proves address, and writes its mail.
func (o *Outbox) postToken(ctx context.Context, tx Tx, user domain.UserID, purpose domain.MailPurpose, address domain.Email) error {
	secret, now := domain.RandomSecret(), o.clock.Now()
	token := domain.MailToken{
		ID: domain.MailTokenID(o.ids.NewID()), UserID: user, Purpose: purpose, Email: address,
		Hash: domain.HashSecret(secret), CreatedAt: now, ExpiresAt: now.Add(purpose.Lifetime()),
	}
	if err := tx.MailTokens().Insert(ctx, token); err != nil {
		return err
	}
	return o.post(ctx, tx, address, string(purpose), enclosure{
		User: user, Token: domain.FormatMailToken(token.ID, secret).Reveal(), ExpiresAt: token.ExpiresAt,
	})
}

// pretendToken does the work of postToken for an address that gets no mail: as
// many statements, of as many bytes.
func (o *Outbox) pretendToken(ctx context.Context, tx Tx, address domain.Email) error {
	id := domain.MailTokenID(o.ids.NewID())
	if _, err := tx.MailTokens().Delete(ctx, id); err != nil {
		return err
	}
	return o.post(ctx, tx, address, decoy, enclosure{
		User: domain.UserID(o.ids.NewID()), Token: domain.FormatMailToken(id, domain.RandomSecret()).Reveal(), ExpiresAt: o.clock.Now(),
	})
}

// ask posts a token of purpose to the account of email if refusal finds
// nothing against it. Whoever asks gets the same answer after the same work:
// one look, one commit. What is noted says in its reason what was done.
func (o *Outbox) ask(
	ctx context.Context, j Journal, email domain.Email, purpose domain.MailPurpose, asked domain.EventType,
	refusal func(domain.User) string,
) error {
	stranger := j.stranger(ctx, email.String())
	err := j.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		user, err := tx.Users().UserByEmail(ctx, email)
		reason := "unknown_user"
		switch {
		case err == nil:
			reason = refusal(user)
		case !errors.Is(err, domain.ErrUserNotFound):
			return err
		}
		if reason != "" {
			note(domain.Event{Type: asked, Outcome: domain.Failure, Reason: reason, Subject: subjectOf(user.ID, stranger)})
			return o.pretendToken(ctx, tx, email)
		}
		note(domain.Event{Type: asked, Subject: string(user.ID)})
		return o.postToken(ctx, tx, user.ID, purpose, email)
	})
	if err != nil {
		return fmt.Errorf("mail a token to %s: %w", purpose, err)
	}
	o.rouse()
	return nil
}
