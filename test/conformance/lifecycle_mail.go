package conformance

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// mailboxes are where a mail may be asked for: of some, nobody ever had an account.
var mailboxes = append([]string{"nobody@example.com"}, emails...)

func (l *life) asksForReset(*rapid.T) {
	email := one(l, "email", mailboxes)
	l.someFault()
	err := l.forgot.Do(l.ctx, domain.StoredEmail(email))
	p := l.m.who(email)
	l.came("ask for a reset of "+email, err, nil, func() {
		l.asked(domain.PasswordResetRequested, domain.MailResetPassword, email, p, p != nil && !p.disabled)
	})
}

// asksForProof asks for the mail again by which somebody proves a mailbox.
func (l *life) asksForProof(*rapid.T) {
	email := one(l, "email", mailboxes)
	l.someFault()
	err := l.verify.Resend(l.ctx, domain.StoredEmail(email))
	p := l.m.who(email)
	l.came("ask for a proof of "+email, err, nil, func() {
		l.asked(domain.VerificationRequested, domain.MailVerifyEmail, email, p, p != nil && !p.disabled && !p.verified)
	})
}

// asked takes what came of asking for a mail to an address that is p's, or
// nobody's: whoever asks gets the same answer, and only the row says more.
func (l *life) asked(kind domain.EventType, purpose domain.MailPurpose, email string, p *person, entitled bool) {
	subject := ""
	if p != nil {
		subject = string(p.id)
	}
	if !entitled {
		l.m.refused(kind, subject, "")
		l.sent(nil, purpose, email)
		return
	}
	l.m.left(kind, subject, "")
	l.sent(p, purpose, email)
}

// sent takes the mail of purpose that p must have got at an address; nobody
// must have got one if p is nil.
func (l *life) sent(p *person, purpose domain.MailPurpose, email string) {
	text := l.mailed(purpose, email)
	if got, want := text != "", p != nil; got != want {
		l.fail("mail of %s to %s: got one: %t, want %t", purpose, email, got, want)
	}
	if p != nil {
		l.m.letters = append(l.m.letters, &letter{of: p, purpose: purpose, email: email, text: text, expires: l.m.now.Add(purpose.Lifetime())})
	}
}

// mailed empties the outbox and returns the token of the one mail of purpose in
// it, which must be to that address.
func (l *life) mailed(purpose domain.MailPurpose, email string) (token string) {
	outbox := l.line.Outbox()
	due, err := outbox.Due(l.ctx, l.m.now, 1000)
	l.expect("read the outbox", err, nil)
	for _, m := range due {
		if m.Template == string(purpose) {
			if token != "" || m.To.String() != email {
				l.fail("mail of %s: got one to %s, want one to %s and no other", purpose, m.To, email)
			}
			var content struct{ Token string }
			_, sealed, _ := strings.Cut(string(m.Sealed), "\x00")
			l.expect("read a mail", json.Unmarshal([]byte(sealed), &content), nil)
			token = content.Token
		}
		l.expect("empty the outbox", outbox.Delete(l.ctx, m.ID), nil)
	}
	return token
}

func (l *life) resetsPassword(*rapid.T) { l.resetsWith(l.m.mailedFor(domain.MailResetPassword)) }

// resetsWithAny also presents what was mailed for something else.
func (l *life) resetsWithAny(*rapid.T) { l.resetsWith(l.m.letters) }

func (l *life) resetsWith(letters []*letter) {
	if len(letters) == 0 {
		return
	}
	mail, chosen := one(l, "mailed token", letters), one(l, "password", passwords)
	p := mail.of
	var want error = domain.ErrInvalidMailToken
	if mail.purpose == domain.MailResetPassword && l.m.opens(mail) {
		want = nil
		l.m.admitted++
		l.m.hashed++
	}
	l.someFault()
	err := l.reset.Do(l.ctx, mail.text, phrase(chosen))
	if want != nil {
		l.came("reset the password of "+p.email+" with a token that is worth nothing", err, want, none)
		return
	}
	l.came("reset the password of "+p.email, err, nil, func() {
		l.m.endAll(p)
		l.m.spend(p, mailPurposes...)
		if !p.verified {
			p.verified = true
			l.m.left(domain.EmailVerified, string(p.id), "")
		}
		p.password, p.era = chosen, l.hasher.era
		l.m.left(domain.PasswordReset, string(p.id), "")
	})
}

func (l *life) provesMailbox(*rapid.T) {
	l.provesWith(l.m.mailedFor(domain.MailVerifyEmail, domain.MailChangeEmail))
}

// provesWithAny also presents what was mailed for something else.
func (l *life) provesWithAny(*rapid.T) { l.provesWith(l.m.letters) }

func (l *life) provesWith(letters []*letter) {
	if len(letters) > 0 {
		mail := one(l, "mailed token", letters)
		l.someFault()
		l.prove(mail)
	}
}

// prove presents a token as the proof of a mailbox. It works at most once (I9);
// one that is refused is what it was.
func (l *life) prove(mail *letter) {
	p, what := mail.of, fmt.Sprintf("prove %s with a token to %s of %s", mail.email, mail.purpose, mail.of.email)
	err := l.verify.Do(l.ctx, mail.text)
	if mail.purpose == domain.MailResetPassword || !l.m.opens(mail) {
		l.came(what+", worth nothing (I9, I10)", err, domain.ErrInvalidMailToken, none)
		return
	}
	l.came(what, err, nil, func() {
		mail.spent = true
		switch {
		case mail.purpose == domain.MailChangeEmail:
			p.email, p.verified = mail.email, true
			l.m.spend(p, mailPurposes...)
			l.m.left(domain.EmailChanged, string(p.id), "")
		case !p.verified:
			p.verified = true
			l.m.left(domain.EmailVerified, string(p.id), "")
		}
	})
}

// presentsTampered presents what is almost a mailed token: another secret, or
// the secret of another one.
func (l *life) presentsTampered(*rapid.T) {
	if len(l.m.letters) == 0 {
		return
	}
	mail, other := one(l, "mailed token", l.m.letters), one(l, "other mailed token", l.m.letters)
	secret, id, _ := strings.Cut(mail.text, ".")
	if _, otherID, _ := strings.Cut(other.text, "."); otherID != id {
		id = otherID
	} else {
		secret = otherAt(secret, rapid.IntRange(0, len(secret)-1).Draw(l.rt, "character"))
	}
	text := secret + "." + id
	l.expect("prove a mailbox with a tampered token", l.verify.Do(l.ctx, text), domain.ErrInvalidMailToken)
	l.expect("reset a password with a tampered token", l.reset.Do(l.ctx, text, phrase(passwords[0])), domain.ErrInvalidMailToken)
}

// asksToMove lets somebody ask for another address, sometimes without knowing
// the password.
func (l *life) asksToMove(*rapid.T) {
	good := l.m.good()
	if len(good) == 0 {
		return
	}
	ps, email := one(l, "access token", good), one(l, "email", mailboxes)
	wrongly := rapid.IntRange(0, 3).Draw(l.rt, "wrongly") == 0
	l.someFault()
	l.askToMove(ps, email, wrongly)
}

func (l *life) askToMove(ps *pass, email string, wrongly bool) {
	p, current := ps.of.of, ps.of.of.password
	if wrongly {
		current += "?"
	}
	principal, err := l.authorize.Bearer(l.ctx, ps.text)
	l.expect("the bearer "+p.email, err, nil)
	err = l.move.Do(l.ctx, *principal.User, domain.StoredEmail(email), phrase(current))
	what := "ask to move " + p.email + " to " + email
	if email == p.email {
		l.came(what, err, domain.ErrInvalid, none)
		return
	}
	l.m.admitted++
	l.m.verified++
	if wrongly {
		l.came(what+" with a wrong password", err, domain.ErrInvalid, none)
		return
	}
	l.came(what, err, nil, func() {
		l.m.spend(p, domain.MailChangeEmail) // the address that was asked for last is meant
		l.m.left(domain.EmailChangeRequested, string(p.id), "")
		to := p
		if l.m.who(email) != nil {
			to = nil // its owner hears nothing, and who asks does not learn of the owner
		}
		l.sent(to, domain.MailChangeEmail, email)
	})
}

// givesEmail lets an office give somebody an address.
func (l *life) givesEmail(*rapid.T) {
	who, p, email := l.someOffice(), one(l, "account", l.m.people), one(l, "email", emails)
	if !l.may(who, domain.UsersWrite) {
		return
	}
	l.someFault()
	l.give(who, p, email)
}

func (l *life) give(who office, p *person, email string) {
	want := l.over(who, p)
	if owner := l.m.who(email); want == nil && owner != nil && owner != p {
		want = domain.ErrEmailTaken
	}
	address := domain.StoredEmail(email)
	_, err := l.users.Update(l.ctx, who.Principal, p.id, application.UserChanges{Email: &address}, application.Precondition{})
	l.came("give "+p.email+" the address "+email, err, want, func() {
		if want == nil && email != p.email {
			p.email, p.verified = email, false
			l.m.spend(p, mailPurposes...)
			l.m.left(domain.EmailChanged, string(p.id), "")
		}
	})
}

// movesAtOnce asks for one address and for another, and proves both and the
// last one again; sometimes somebody else has got it in between.
func (l *life) movesAtOnce(*rapid.T) {
	good := l.m.good()
	if len(good) == 0 {
		return
	}
	ps, earlier, email := one(l, "access token", good), one(l, "earlier email", mailboxes), one(l, "email", mailboxes)
	rival := one(l, "account", l.m.accounts())
	if l.m.who(email) != nil {
		return
	}
	before := len(l.m.letters)
	l.line.arm(noFault)
	l.askToMove(ps, earlier, false)
	l.askToMove(ps, email, false)
	asked := l.m.letters[before:]
	if rival != ps.of.of {
		l.give(operator(), rival, email)
	}
	for _, mail := range asked {
		l.prove(mail)
	}
	l.prove(asked[len(asked)-1])
}
