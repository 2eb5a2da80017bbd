package conformance

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var (
	emails    = []string{"root@example.com", "ada@example.com", "bob@example.com", "eve@example.com"}
	passwords = []string{"a horse and a stable", "eleven quiet ferries", "nobody paints owls"}
)

func phrase(text string) domain.Password { return domain.Password{Secret: domain.NewSecret(text)} }

// otherAt returns text with another character at one place.
func otherAt(text string, at int) string {
	other := "A"
	if text[at:at+1] == other {
		other = "B"
	}
	return text[:at] + other + text[at+1:]
}

func (l *life) registers(*rapid.T) {
	email, chosen := one(l, "email", emails), one(l, "password", passwords)
	l.someFault()
	err := l.register.Do(l.ctx, application.Registration{Email: domain.StoredEmail(email), Password: phrase(chosen)})
	l.m.admitted++
	l.m.hashed++
	l.came("register "+email, err, nil, func() {
		if owner := l.m.who(email); owner != nil {
			l.m.refused(domain.RegistrationRepeated, string(owner.id), "")
			return
		}
		user, err := l.line.Storage.Users().UserByEmail(l.ctx, domain.StoredEmail(email))
		l.expect("the new account of "+email, err, nil)
		p := &person{id: user.ID, email: email, password: chosen, era: l.hasher.era, roles: []domain.RoleName{domain.RoleUser}}
		l.m.people = append(l.m.people, p)
		l.m.left(domain.UserRegistered, string(p.id), "")
		l.sent(p, domain.MailVerifyEmail, email)
	})
}

func (l *life) logsIn(*rapid.T) {
	p := one(l, "account", l.m.accounts())
	l.someFault()
	l.enter(p)
}

// enter logs p in with the right password.
func (l *life) enter(p *person) {
	tokens, err := l.authenticate.Do(l.ctx, application.Login{Username: strings.ToUpper(p.email), Password: phrase(p.password)})
	l.m.admitted++
	l.m.verified++
	want := error(nil)
	if p.disabled {
		want = domain.ErrInvalidCredentials
	} else if p.era != l.hasher.era {
		l.m.hashed++
	}
	var v *visit
	answered := l.came("log in "+p.email, err, want, func() {
		if want != nil {
			return
		}
		p.era = l.hasher.era
		v = l.m.begin(p, l.newSessionOf(p))
		l.m.left(domain.LoginSucceeded, string(p.id), v.id)
	})
	if answered {
		l.issued("log in "+p.email, v, tokens)
	}
}

// newSessionOf returns the one session of p that the model does not know.
func (l *life) newSessionOf(p *person) domain.SessionID {
	stored, err := l.line.Storage.Sessions().ListByUser(l.ctx, p.id, l.m.now, page[domain.SessionID](1000))
	l.expect("list the sessions of "+p.email, err, nil)
	fresh := slices.DeleteFunc(stored, func(s domain.Session) bool {
		return slices.ContainsFunc(l.m.visits, func(v *visit) bool { return v.id == s.ID })
	})
	if len(fresh) != 1 {
		l.fail("new sessions of %s: got %d, want 1", p.email, len(fresh))
	}
	return fresh[0].ID
}

func (l *life) logsInWrongly(*rapid.T) {
	username, chosen := one(l, "username", append([]string{"nobody@example.com", "no address"}, emails...)), one(l, "password", passwords)
	if p := l.m.who(username); p != nil && p.password == chosen {
		chosen += "!"
	}
	_, err := l.authenticate.Do(l.ctx, application.Login{Username: username, Password: phrase(chosen)})
	l.m.admitted++
	l.m.verified++
	l.expect("log in "+username+" wrongly", err, domain.ErrInvalidCredentials)
}

func (l *life) changesPassword(*rapid.T) {
	good := l.m.good()
	if len(good) == 0 {
		return
	}
	ps := one(l, "access token", good)
	p, chosen := ps.of.of, one(l, "password", passwords)
	wrongly := rapid.IntRange(0, 3).Draw(l.rt, "wrongly") == 0
	principal, err := l.authorize.Bearer(l.ctx, ps.text)
	l.expect("the bearer "+p.email, err, nil)
	current := p.password
	if wrongly {
		current += "?"
	}
	l.someFault()
	tokens, err := l.change.Do(l.ctx, *principal.User, phrase(current), phrase(chosen))
	l.m.admitted++
	l.m.verified++
	what := "change the password of " + p.email
	if wrongly {
		l.came(what, err, domain.ErrInvalid, none)
		return
	}
	l.m.hashed++
	var v *visit
	answered := l.came(what, err, nil, func() {
		l.m.endAll(p)
		l.m.spend(p, domain.MailResetPassword, domain.MailChangeEmail)
		p.password, p.era = chosen, l.hasher.era
		v = l.m.begin(p, l.newSessionOf(p))
		l.m.left(domain.PasswordChanged, string(p.id), v.id)
	})
	if answered {
		l.issued(what, v, tokens)
	}
}
