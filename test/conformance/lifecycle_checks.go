package conformance

import (
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// check compares everything that is stored, and what was issued last, with the
// model. It looks past the line, and at what the use cases say.
func (l *life) check() {
	l.checkTraces()
	l.checkPeople()
	l.checkVisits()
	l.checkBadges()
	l.checkWork()
	for _, v := range l.m.visits {
		for _, p := range v.passes[max(0, len(v.passes)-2):] {
			l.checkPass(p)
		}
	}
}

// checkTraces: each change has its audit row, and nothing else has one (I12).
func (l *life) checkTraces() {
	events, err := l.line.Storage.Audit().List(l.ctx, application.AuditFilter{}, page[domain.EventID](200))
	l.expect("list the audit events", err, nil)
	var got []trace
	for _, e := range events {
		if e.ID > l.marked {
			got = append(got, trace{e.Type, e.Outcome, e.Subject, e.Session})
		}
	}
	slices.Reverse(got)
	if diff := cmp.Diff(l.m.traces, got); diff != "" {
		l.fail("audit rows of this step (I12): got %v, want %v", got, l.m.traces)
	}
	l.m.traces, l.marked = nil, domain.EventID(l.ids.NewID())
}

// checkPeople: accounts are as they must be, each address is one's (I10), one
// active admin is left (I8).
func (l *life) checkPeople() {
	stored, err := l.line.Storage.Users().List(l.ctx, application.UserFilter{}, page[domain.UserID](1000))
	l.expect("list the users", err, nil)
	addresses, admins := map[domain.Email]bool{}, 0
	for _, u := range stored {
		if addresses[u.Email] {
			l.fail("users (I10): got %s twice, want each address once", u.Email)
		}
		addresses[u.Email] = true
		if u.ActiveAdmin() {
			admins++
		}
	}
	if admins == 0 {
		l.fail("active admins (I8): got none, want at least 1")
	}
	if got, want := len(stored), len(l.m.accounts()); got != want {
		l.fail("users: got %d, want %d", got, want)
	}
	for _, p := range l.m.people {
		l.checkPerson(p)
	}
}

func (l *life) checkPerson(p *person) {
	account, err := l.line.Storage.Credentials().Account(l.ctx, p.id)
	if p.gone {
		l.expect("the account of "+p.email+", deleted", err, domain.ErrUserNotFound)
		return
	}
	l.expect("the account of "+p.email, err, nil)
	u := account.User
	roles := slices.Equal(u.Roles, p.roles)
	if u.Email.String() != p.email || u.Active() == p.disabled || u.EmailVerified() != p.verified || !roles {
		l.fail("account: got %+v, want %+v", u, *p)
	}
	if got, want := account.Password.Hash.Reveal(), cheapHash(p.era, p.password); got != want {
		l.fail("hash of %s: got %s, want %s", p.email, got, want)
	}
	if u.Version < p.version {
		l.fail("version of %s: got %d after %d, want it never lower", p.email, u.Version, p.version)
	}
	p.version = u.Version
}

// checkVisits: each row is as it must be (I3, I4), its generation never fell
// (I2), its end never moved (I13), and it is there until then (I14).
func (l *life) checkVisits() {
	live := map[*person][]domain.SessionID{}
	for _, v := range l.m.visits {
		l.checkVisit(v)
		if v.live(l.m.now) {
			live[v.of] = append(live[v.of], v.id)
		}
	}
	for _, p := range l.m.accounts() {
		listed, err := l.line.Storage.Sessions().ListByUser(l.ctx, p.id, l.m.now, page[domain.SessionID](1000))
		l.expect("list the sessions of "+p.email, err, nil)
		var got []domain.SessionID
		for _, s := range listed {
			got = append(got, s.ID)
		}
		slices.Reverse(got)
		if want := live[p]; !p.disabled && !slices.Equal(got, want) {
			l.fail("live sessions of %s: got %v, want %v", p.email, got, want)
		}
	}
}

func (l *life) checkVisit(v *visit) {
	s, _, err := l.line.Storage.Sessions().Session(l.ctx, v.id)
	if !v.stored() {
		l.expect("a session that was swept or deleted", err, domain.ErrNotFound)
		return
	}
	l.expect("session "+string(v.id), err, nil)
	switch {
	case s.Generation < v.seen.generation:
		l.fail("session %s (I2): got generation %d after %d, want it never lower", v.id, s.Generation, v.seen.generation)
	case !s.ExpiresAt.Equal(v.over):
		l.fail("session %s (I13): got end %v, want %v", v.id, s.ExpiresAt, v.over)
	case s.UserID != v.of.id, s.Generation != v.generation, !s.CreatedAt.Equal(v.begun), !s.RotatedAt.Equal(v.rotated), !s.IdleExpiresAt.Equal(v.idle), s.Revoked() != v.revoked:
		l.fail("session: got %+v, want %+v", s, *v)
	}
	v.seen.generation = s.Generation
}

// checkBadges: an API key does what it may and no more (I7), while it may.
func (l *life) checkBadges() {
	for _, b := range l.m.badges {
		stored, err := l.line.Storage.APIKeys().APIKey(l.ctx, b.id)
		l.expect("API key "+string(b.id), err, nil)
		if got := !stored.RevokedAt.IsZero(); got != b.revoked {
			l.fail("API key %s: got revoked %t, want %t", b.id, got, b.revoked)
		}
		if b.text == "" {
			continue
		}
		principal, err := l.authorize.APIKey(l.ctx, b.text)
		if b.revoked || !b.expires.IsZero() && !l.m.now.Before(b.expires) {
			l.expect("an API key that is over", err, domain.ErrInvalidAPIKey)
			continue
		}
		l.expect("an API key", err, nil)
		l.checkAuthority("an API key", principal, b.allows)
	}
}

// checkWork: nothing was hashed that was not admitted, and no more than the
// steps need (I11).
func (l *life) checkWork() {
	if l.hasher.outside > 0 {
		l.fail("hashes that nobody admitted (I11): got %d, want 0", l.hasher.outside)
	}
	if l.hasher.verified != l.m.verified || l.hasher.hashed != l.m.hashed || l.queue.admitted != l.m.admitted {
		l.fail("work (I11): got %d verified, %d hashed, %d admitted, want %d, %d, %d",
			l.hasher.verified, l.hasher.hashed, l.queue.admitted, l.m.verified, l.m.hashed, l.m.admitted)
	}
}

func (l *life) checkAllPasses() {
	for _, v := range l.m.visits {
		for _, p := range v.passes {
			l.checkPass(p)
		}
	}
}

// checkPass: an access token is worth something only until its end or its
// session's, of an active user (I5, I6), with the roles of now (I7).
func (l *life) checkPass(p *pass) {
	principal, err := l.authorize.Bearer(l.ctx, p.text)
	what := "access token of " + p.of.of.email
	if want := l.m.passError(p); want != nil {
		l.expect(what, err, want)
		return
	}
	l.expect(what, err, nil)
	owner := p.of.of
	if principal.Kind != domain.PrincipalUser || principal.Subject != string(owner.id) || principal.Session != p.of.id || !slices.Equal(principal.Roles, owner.roles) {
		l.fail("%s: got %+v, want user %s in session %s with roles %v", what, principal, owner.id, p.of.id, owner.roles)
	}
	l.checkAuthority(what, principal, l.m.authority(owner.roles))
}

func (l *life) checkAuthority(what string, got domain.Principal, want []domain.Permission) {
	if !slices.Equal([]domain.Permission(got.Permissions), want) {
		l.fail("%s (I7): got permissions %v, want %v", what, got.Permissions, want)
	}
}
