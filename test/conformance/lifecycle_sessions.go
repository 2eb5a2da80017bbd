package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// issued takes the tokens that somebody got of a session as it is now.
func (l *life) issued(what string, v *visit, tokens domain.Tokens) {
	l.checkTokens(what, v, tokens)
	if known := v.tickets[v.generation]; known == nil {
		t := &ticket{of: v, generation: v.generation, text: tokens.Refresh.Reveal(), expires: v.idle}
		v.tickets[v.generation] = t
		l.m.tickets = append(l.m.tickets, t)
	}
	if l.m.signing == "" {
		l.m.signing = l.signingKey()
	}
	v.passes = append(v.passes, &pass{of: v, text: tokens.Access.Reveal(), expires: tokens.AccessExpiresAt, key: l.m.signing})
}

// checkTokens compares what was issued of a session with how the session must be.
func (l *life) checkTokens(what string, v *visit, tokens domain.Tokens) {
	claims, err := l.tokens.VerifyRefresh(l.ctx, tokens.Refresh.Reveal())
	l.expect(what+": verify the refresh token", err, nil)
	if claims.Session != v.id || claims.Subject != v.of.id || claims.Generation != v.generation || !claims.ExpiresAt.Equal(wholeSecond(v.idle)) {
		l.fail("%s: got a refresh token of %+v, want session %s of %s, generation %d, until %v", what, claims, v.id, v.of.id, v.generation, v.idle)
	}
	if known := v.tickets[v.generation]; known != nil && known.text != tokens.Refresh.Reveal() {
		l.fail("%s: got another refresh token of session %s, generation %d, than before, want the same (I1)", what, v.id, v.generation)
	}
	if !tokens.RefreshExpiresAt.Equal(v.idle) {
		l.fail("%s: got refresh expiry %v, want %v", what, tokens.RefreshExpiresAt, v.idle)
	}
	expires := first(l.m.now.Add(lifeSpans.Access).Truncate(time.Second), wholeSecond(v.idle))
	if !tokens.AccessExpiresAt.Equal(expires) {
		l.fail("%s: got access expiry %v, want %v", what, tokens.AccessExpiresAt, expires)
	}
}

func (l *life) refreshes(*rapid.T) {
	if len(l.m.tickets) > 0 {
		l.presentUnderFault(one(l, "refresh token", l.m.tickets))
	}
}

// refreshesNewest keeps a session going, as most clients do.
func (l *life) refreshesNewest(*rapid.T) {
	if newest := l.newest(); len(newest) > 0 {
		l.presentUnderFault(one(l, "newest refresh token", newest))
	}
}

// refreshesForHours keeps a session going until near its absolute end.
func (l *life) refreshesForHours(*rapid.T) {
	newest := l.newest()
	if len(newest) == 0 {
		return
	}
	v := one(l, "newest refresh token", newest).of
	for range rapid.SampledFrom([]int{3, 2, 1}).Draw(l.rt, "times") {
		l.pass(50 * time.Minute)
		if t := v.tickets[v.generation]; t != nil {
			l.present(t, noFault)
		}
	}
}

// newest returns the refresh tokens that move a session.
func (l *life) newest() []*ticket {
	var newest []*ticket
	for _, t := range l.m.tickets {
		if l.m.worthOf(t) == moves {
			newest = append(newest, t)
		}
	}
	return newest
}

func (l *life) presentUnderFault(t *ticket) {
	l.line.arm(rapid.SampledFrom([]fault{
		noFault, noFault, noFault, noFault, advanceBefore, advanceAfter, commitBefore, commitAfter,
	}).Draw(l.rt, "fault"))
	l.present(t, l.line.armed)
}

// present refreshes with a token, and holds the answer against its worth.
func (l *life) present(t *ticket, armed fault) {
	l.line.arm(armed)
	is, what := l.m.worthOf(t), fmt.Sprintf("refresh generation %d of session %s at %d", t.generation, t.of.id, t.of.generation)
	tokens, err := l.refresh.Do(l.ctx, t.text)
	var want error
	if is == nothing || is == betrays {
		want = domain.ErrInvalidRefreshToken
	}
	answered := l.came(what+", which "+string(is), err, want, func() { l.counts(t, is) })
	if answered {
		l.issued(what, t.of, tokens)
	}
}

func (l *life) counts(t *ticket, is worth) {
	switch is {
	case moves:
		l.m.move(t.of)
	case betrays:
		t.of.ended, t.of.revoked = true, true
		l.m.refused(domain.TokenReuseDetected, string(t.of.of.id), t.of.id)
	case nothing, repeats:
	}
}

// refreshesTampered presents what is almost a token of ours.
func (l *life) refreshesTampered(*rapid.T) {
	if len(l.m.tickets) == 0 {
		return
	}
	t := one(l, "refresh token", l.m.tickets)
	for i, part := range strings.Split(t.text, ".") {
		at := rapid.IntRange(0, len(part)-2).Draw(l.rt, "character") // the last one has bits that say nothing
		parts := strings.Split(t.text, ".")
		parts[i] = otherAt(part, at)
		_, err := l.refresh.Do(l.ctx, strings.Join(parts, "."))
		var known *domain.Error
		if !errors.As(err, &known) || known.Kind != domain.KindUnauthenticated {
			l.fail("refresh with a tampered token: got %v, want it refused", err)
		}
	}
}

// refreshesTogether lets several clients present one token at once: whatever
// their order, the session moves at most once, and all get the same answer.
func (l *life) refreshesTogether(*rapid.T) {
	if len(l.m.tickets) == 0 {
		return
	}
	t, n := one(l, "refresh token", l.m.tickets), rapid.IntRange(2, 5).Draw(l.rt, "clients")
	is := l.m.worthOf(t)
	answers, errs := make([]domain.Tokens, n), make([]error, n)
	together(n, func(i int) { answers[i], errs[i] = l.refresh.Do(l.ctx, t.text) })
	l.counts(t, is)
	for i := range n {
		what := fmt.Sprintf("refresh generation %d of session %s, client %d of %d", t.generation, t.of.id, i, n)
		if is == nothing || is == betrays {
			l.expect(what+", which "+string(is), errs[i], domain.ErrInvalidRefreshToken)
			continue
		}
		l.expect(what+", which "+string(is), errs[i], nil)
		l.issued(what, t.of, answers[i])
	}
}

func (l *life) logsOut(*rapid.T) {
	if len(l.m.tickets) == 0 {
		return
	}
	t := one(l, "refresh token", l.m.tickets)
	l.someFault()
	err := l.logout.ByRefreshToken(l.ctx, t.text)
	l.came(fmt.Sprintf("log out of session %s", t.of.id), err, nil, func() {
		if l.m.now.Before(t.expires) {
			l.ends(t.of)
		}
	})
}

func (l *life) logsOutByAccess(*rapid.T) {
	good := l.m.good()
	if len(good) == 0 {
		return
	}
	p := one(l, "access token", good)
	l.someFault()
	err := l.logout.ByAccessToken(l.ctx, p.text)
	l.came(fmt.Sprintf("log out of session %s by access token", p.of.id), err, nil, func() { l.ends(p.of) })
}

// ends ends one session, if there is anything to end.
func (l *life) ends(v *visit) {
	if v.stored() && !v.revoked {
		v.ended, v.revoked = true, true
		l.m.left(domain.SessionRevoked, string(v.of.id), v.id)
	}
}

func (l *life) logsOutEverywhere(*rapid.T) {
	p := one(l, "account", l.m.accounts())
	l.someFault()
	err := l.logout.Everywhere(l.ctx, p.id)
	l.came("log "+p.email+" out everywhere", err, nil, func() {
		l.m.endAll(p)
		l.m.left(domain.SessionsRevoked, string(p.id), "")
	})
}

func (l *life) revokesSession(*rapid.T) {
	v, owner := one(l, "session", l.m.visits), one(l, "account", l.m.people)
	l.someFault()
	err := l.sessions.Revoke(l.ctx, owner.id, v.id)
	var want error
	if owner != v.of || !v.stored() {
		want = domain.ErrNotFound
	}
	l.came("revoke a session", err, want, func() {
		if want == nil {
			l.ends(v)
		}
	})
}

func (l *life) waits(*rapid.T) {
	l.pass(rapid.SampledFrom([]time.Duration{
		time.Second, 4 * time.Second, lifeGrace - time.Microsecond, lifeGrace, time.Minute, 5 * time.Minute,
		20 * time.Minute, 50 * time.Minute, time.Hour + time.Second, 2*time.Hour + 59*time.Minute,
	}).Draw(l.rt, "time"))
}

// pass lets time pass.
func (l *life) pass(d time.Duration) {
	l.clock.advance(d)
	l.m.now = l.clock.Now()
}

func (l *life) sweeps(*rapid.T) {
	l.expect("sweep", l.sweep.Run(l.ctx), nil)
	for _, v := range l.m.visits {
		v.swept = v.swept || !l.m.now.Before(v.over)
	}
}

// losesTheLine asks everything of a service whose storage does not answer:
// nothing is known, so nothing may be refused, and nothing changes (I15).
func (l *life) losesTheLine(*rapid.T) {
	l.line.down = true
	defer func() { l.line.down = false }()
	p := one(l, "account", l.m.accounts())
	_, err := l.authenticate.Do(l.ctx, application.Login{Username: p.email, Password: phrase(p.password)})
	l.expect("log in while nothing answers", err, domain.ErrUnavailable)
	for _, t := range l.m.tickets {
		if l.m.now.Before(t.expires) {
			_, err := l.refresh.Do(l.ctx, t.text)
			l.expect("refresh while nothing answers", err, domain.ErrUnavailable)
			l.expect("log out while nothing answers", l.logout.ByRefreshToken(l.ctx, t.text), domain.ErrUnavailable)
		}
	}
	for _, ps := range l.m.good() {
		_, err := l.authorize.Bearer(l.ctx, ps.text)
		l.expect("a bearer while nothing answers", err, domain.ErrUnavailable)
	}
	for _, b := range l.m.badges {
		if b.text != "" {
			_, err := l.authorize.APIKey(l.ctx, b.text)
			l.expect("an API key while nothing answers", err, domain.ErrUnavailable)
		}
	}
	for _, mail := range l.m.letters {
		err := l.reset.Do(l.ctx, mail.text, phrase(passwords[0]))
		l.expect("reset a password while nothing answers", err, domain.ErrUnavailable)
		err = l.verify.Do(l.ctx, mail.text)
		l.expect("prove a mailbox while nothing answers", err, domain.ErrUnavailable)
	}
}

func (l *life) rotatesSigningKey(*rapid.T) {
	before := l.signingKey()
	keys := l.line.SigningKeys()
	fresh, err := l.tokens.NewSigningKey(domain.HS256)
	l.expect("make a signing key", err, nil)
	fresh.State = domain.KeySigning
	stored, err := keys.SigningKeys(l.ctx)
	l.expect("read the signing keys", err, nil)
	i := slices.IndexFunc(stored, func(k domain.SigningKey) bool { return k.ID == before })
	stored[i].State, stored[i].StateAt, stored[i].ExpiresAt = domain.KeyRetiring, l.m.now, l.m.now.Add(lifeSpans.Access)
	l.expect("store a signing key", keys.Put(l.ctx, fresh), nil)
	l.expect("retire a signing key", keys.Put(l.ctx, stored[i]), nil)
	l.expect("reload the signing keys", l.tokens.Reload(l.ctx), nil)
	l.m.retiring, l.m.signing = append(l.m.retiring, before), fresh.ID
}

// withdrawsSigningKeys ends what retired keys signed, at once.
func (l *life) withdrawsSigningKeys(*rapid.T) {
	keys := l.line.SigningKeys()
	stored, err := keys.SigningKeys(l.ctx)
	l.expect("read the signing keys", err, nil)
	for _, k := range stored {
		if slices.Contains(l.m.retiring, k.ID) {
			k.State, k.StateAt = domain.KeyGone, l.m.now
			l.expect("withdraw a signing key", keys.Put(l.ctx, k), nil)
			l.m.withdrawn[k.ID] = true
		}
	}
	l.m.retiring = nil
	l.expect("reload the signing keys", l.tokens.Reload(l.ctx), nil)
}

// signingKey returns the id of the stored key that signs.
func (l *life) signingKey() string {
	stored, err := l.line.SigningKeys().SigningKeys(l.ctx)
	l.expect("read the signing keys", err, nil)
	for _, k := range stored {
		if k.State == domain.KeySigning {
			return k.ID
		}
	}
	l.fail("signing keys: got none that signs, want one")
	return ""
}
