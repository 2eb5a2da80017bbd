package conformance

import (
	"context"
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// life is one random life: the service, and beside it what must be so.
type life struct {
	*service
	m      *model
	ctx    context.Context //nolint:containedctx // it ends with the life
	rt     *rapid.T
	wrong  func(what string) // does not return
	marked domain.EventID    // all audit rows up to here have been seen
	steps  int
}

func newLife(rt *rapid.T, storage application.Storage, altered alterations, wrong func(string)) *life {
	if err := tidy(rt.Context(), storage); err != nil {
		rt.Fatalf("tidy up: %v", err)
	}
	l := &life{service: newService(storage, altered), m: newModel(), ctx: rt.Context(), rt: rt, wrong: wrong}
	l.marked = domain.EventID(l.ids.NewID())
	return l
}

// fail ends the life.
func (l *life) fail(format string, args ...any) {
	l.wrong(fmt.Sprintf("step %d: ", l.steps) + fmt.Sprintf(format, args...))
}

// run leads the life to its end, where each refresh token that was ever issued
// is presented once more, the oldest first.
func (l *life) run(rt *rapid.T) {
	l.birth()
	rt.Repeat(l.actions())
	for _, t := range l.m.tickets {
		l.present(t, noFault)
		l.check()
	}
	l.checkAllPasses()
}

// actions are all that can happen. What should happen often is there twice.
func (l *life) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"": func(*rapid.T) { l.check(); l.steps++ },

		"register":           l.registers,
		"log in":             l.logsIn,
		"log in again":       l.logsIn,
		"log in wrongly":     l.logsInWrongly,
		"refresh":            l.refreshes,
		"refresh again":      l.refreshes,
		"refresh newest":     l.refreshesNewest,
		"refresh often":      l.refreshesNewest,
		"refresh for hours":  l.refreshesForHours,
		"refresh tampered":   l.refreshesTampered,
		"refresh together":   l.refreshesTogether,
		"log out":            l.logsOut,
		"log out by access":  l.logsOutByAccess,
		"log out everywhere": l.logsOutEverywhere,
		"change password":    l.changesPassword,
		"ask for a reset":    l.asksForReset,
		"reset password":     l.resetsPassword,
		"reset with any":     l.resetsWithAny,
		"ask for a proof":    l.asksForProof,
		"prove a mailbox":    l.provesMailbox,
		"prove with any":     l.provesWithAny,
		"tamper with a mail": l.presentsTampered,
		"move":               l.asksToMove,
		"move at once":       l.movesAtOnce,
		"raise the cost":     func(*rapid.T) { l.hasher.era++ },

		"disable or enable":   l.switches,
		"delete":              l.deletes,
		"set roles":           l.setsRoles,
		"set roles again":     l.setsRoles,
		"put a role":          l.putsRole,
		"put a role again":    l.putsRole,
		"delete a role":       l.deletesRole,
		"give an email":       l.givesEmail,
		"give an email again": l.givesEmail,
		"revoke a session":    l.revokesSession,
		"revoke all":          l.revokesAll,
		"create an API key":   l.createsKey,
		"revoke an API key":   l.revokesKey,
		"rotate signing key":  l.rotatesSigningKey,
		"withdraw old keys":   l.withdrawsSigningKeys,

		"wait":        l.waits,
		"wait more":   l.waits,
		"sweep":       l.sweeps,
		"sweep again": l.sweeps,
		"restart":     func(*rapid.T) { l.start() },
		"line is cut": l.losesTheLine,
	}
}

// birth makes an admin, a user and a clerk, who may administer a little, and
// logs them in.
func (l *life) birth() {
	clerk := []domain.Permission{domain.APIKeysWrite, domain.RolesAssign, domain.UsersWrite}
	_, _, err := l.roles.Put(l.ctx, domain.Operator(), domain.Role{Name: ownRoles[0], Permissions: clerk}, application.Precondition{})
	l.expect("put a role", err, nil)
	l.m.roles[ownRoles[0]] = clerk
	l.m.left(domain.RoleChanged, "", "")
	for i, email := range emails[:3] {
		role := []domain.RoleName{domain.RoleAdmin, domain.RoleUser, ownRoles[0]}[i]
		user, err := l.users.Create(l.ctx, domain.Operator(), application.NewUser{
			Email: domain.StoredEmail(email), Password: phrase(passwords[0]), Roles: []domain.RoleName{role},
		})
		l.expect("create "+email, err, nil)
		l.m.hashed++
		l.m.admitted++
		p := &person{id: user.ID, email: email, password: passwords[0], roles: []domain.RoleName{role}}
		l.m.people = append(l.m.people, p)
		l.m.left(domain.UserCreated, string(p.id), "")
		l.enter(p)
	}
	l.check()
}

// expect compares an error with what it must be. Nothing that a person
// presents is ever at fault for a line that is cut.
func (l *life) expect(what string, err, want error) {
	switch {
	case want == nil && err != nil:
		l.fail("%s: got error %v, want none", what, err)
	case !errors.Is(err, want):
		l.fail("%s: got error %v, want %v", what, err, want)
	}
	var e *domain.Error
	if errors.Is(want, domain.ErrUnavailable) && errors.As(err, &e) && e.Kind != domain.KindUnavailable {
		l.fail("%s: got kind %d of %v, want that of %v", what, e.Kind, err, want)
	}
}

// came takes what came of a step under a fault: without one it must have been
// as wanted, and counts; with one it must be unavailable, and counts if it was
// stored. It reports whether the caller got the answer.
func (l *life) came(what string, err, want error, counts func()) bool {
	fired := l.line.settle()
	if fired == noFault {
		l.expect(what, err, want)
		counts()
		return want == nil
	}
	l.expect(fmt.Sprintf("%s, fault %d", what, fired), err, domain.ErrUnavailable)
	if fired.stored() {
		counts()
	}
	return false
}

// someFault arms a fault every now and then.
func (l *life) someFault() {
	l.line.arm(rapid.SampledFrom([]fault{
		noFault, noFault, noFault, noFault, noFault, noFault, advanceBefore, advanceAfter, commitBefore, commitAfter,
	}).Draw(l.rt, "fault"))
}

// one draws one of several things; there must be one.
func one[T any](l *life, what string, from []T) T {
	if len(from) == 1 {
		return from[0]
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(l.rt, what)]
}

// none counts nothing.
func none() {}
