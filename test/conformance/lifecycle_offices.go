package conformance

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var (
	grantable  = []domain.Permission{"reports:read", domain.UsersWrite, domain.UsersDelete, domain.RolesWrite, domain.RolesAssign, domain.APIKeysWrite, domain.SessionsRevoke}
	ownRoles   = []domain.RoleName{"clerk", "warden"}
	roleGroups = [][]domain.RoleName{{domain.RoleUser}, {domain.RoleAdmin}, {domain.RoleModerator}, {"clerk"}, {"warden"}, {"clerk", domain.RoleModerator}, {}}
)

// office is somebody who administers, with the authority that they must have.
type office struct {
	domain.Principal
	allows []domain.Permission
}

func operator() office {
	return office{domain.Operator(), []domain.Permission{domain.EveryPermission}}
}

// someOffice draws the operator, or whoever has a good access token.
func (l *life) someOffice() office {
	good := l.m.good()
	i := rapid.IntRange(0, len(good)).Draw(l.rt, "office")
	if i == 0 {
		return operator()
	}
	p := good[i-1]
	principal, err := l.authorize.Bearer(l.ctx, p.text)
	l.expect("the bearer "+p.of.of.email, err, nil)
	return office{principal, l.m.authority(p.of.of.roles)}
}

// may asks for a permission, as a route does, and reports whether it was given.
func (l *life) may(who office, what domain.Permission) bool {
	err := l.authorize.Permit(l.ctx, who.Principal, application.Requirement{Permission: what})
	if !holds(who.allows, []domain.Permission{what}) {
		l.expect("ask for "+string(what), err, domain.ErrInsufficientPermissions)
		return false
	}
	l.expect("ask for "+string(what), err, nil)
	return true
}

// over returns why who may not act on p, or nil.
func (l *life) over(who office, p *person) error {
	switch {
	case p.gone:
		return domain.ErrUserNotFound
	case !holds(who.allows, l.m.authority(p.roles)):
		return domain.ErrInsufficientPermissions
	}
	return nil
}

func (l *life) switches(*rapid.T) {
	who, p := l.someOffice(), one(l, "account", l.m.people)
	if !l.may(who, domain.UsersWrite) {
		return
	}
	active := p.disabled
	want := l.over(who, p)
	if want == nil && !active && l.m.lastAdmin(p) {
		want = domain.ErrLastAdmin
	}
	l.someFault()
	_, err := l.users.Update(l.ctx, who.Principal, p.id, application.UserChanges{Active: &active}, application.Precondition{})
	l.came("switch "+p.email, err, want, func() {
		switch {
		case want != nil:
		case active:
			p.disabled = false
			l.m.left(domain.UserEnabled, string(p.id), "")
		default:
			p.disabled = true
			l.m.endAll(p)
			l.m.spend(p, mailPurposes...)
			l.m.left(domain.UserDisabled, string(p.id), "")
		}
	})
}

func (l *life) deletes(*rapid.T) {
	if rapid.IntRange(0, 2).Draw(l.rt, "whether") > 0 { // or nobody would be left
		return
	}
	who, p := l.someOffice(), one(l, "account", l.m.people)
	if !l.may(who, domain.UsersDelete) {
		return
	}
	want := l.over(who, p)
	if want == nil && l.m.lastAdmin(p) {
		want = domain.ErrLastAdmin
	}
	l.someFault()
	err := l.users.Delete(l.ctx, who.Principal, p.id, application.Precondition{})
	l.came("delete "+p.email, err, want, func() {
		if want == nil {
			p.gone = true
			l.m.left(domain.UserDeleted, string(p.id), "")
		}
	})
}

func (l *life) setsRoles(*rapid.T) {
	who, p, roles := l.someOffice(), one(l, "account", l.m.people), one(l, "roles", roleGroups)
	if !l.may(who, domain.RolesAssign) {
		return
	}
	unknown := slices.ContainsFunc(roles, func(r domain.RoleName) bool { return l.m.roles[r] == nil })
	stays := *p
	stays.roles = roles
	want := l.over(who, p)
	switch {
	case want != nil:
	case unknown:
		want = domain.ErrInvalid
	case !holds(who.allows, l.m.authority(roles)):
		want = domain.ErrInsufficientPermissions
	case l.m.lastAdmin(p) && !stays.admin():
		want = domain.ErrLastAdmin
	}
	l.someFault()
	_, err := l.users.SetRoles(l.ctx, who.Principal, p.id, roles, application.Precondition{})
	l.came("set the roles of "+p.email, err, want, func() {
		if want == nil {
			p.roles = slices.Sorted(slices.Values(roles))
			l.m.left(domain.UserRolesChanged, string(p.id), "")
		}
	})
}

func (l *life) putsRole(*rapid.T) {
	who, name := l.someOffice(), one(l, "role", append([]domain.RoleName{domain.RoleAdmin}, ownRoles...))
	allows := l.somePermissions()
	if !l.may(who, domain.RolesWrite) {
		return
	}
	var want error
	switch {
	case name == domain.RoleAdmin:
		want = domain.ErrAdminRole
	case !holds(who.allows, l.m.roles[name]), !holds(who.allows, allows):
		want = domain.ErrInsufficientPermissions
	}
	l.someFault()
	_, _, err := l.roles.Put(l.ctx, who.Principal, domain.Role{Name: name, Permissions: domain.NewPermissions(allows...)}, application.Precondition{})
	l.came("put the role "+string(name), err, want, func() {
		if want == nil {
			l.m.roles[name] = allows
			l.m.left(domain.RoleChanged, "", "")
		}
	})
}

func (l *life) deletesRole(*rapid.T) {
	who, name := l.someOffice(), one(l, "role", append([]domain.RoleName{domain.RoleUser}, ownRoles...))
	if !l.may(who, domain.RolesWrite) {
		return
	}
	var want error
	switch {
	case name == domain.RoleUser:
		want = domain.ErrBuiltInRole
	case l.m.roles[name] == nil:
		want = domain.ErrRoleNotFound
	case !holds(who.allows, l.m.roles[name]):
		want = domain.ErrInsufficientPermissions
	}
	l.someFault()
	err := l.roles.Delete(l.ctx, who.Principal, name, application.Precondition{})
	l.came("delete the role "+string(name), err, want, func() {
		if want != nil {
			return
		}
		delete(l.m.roles, name)
		for _, p := range l.m.people {
			p.roles = slices.DeleteFunc(slices.Clone(p.roles), func(r domain.RoleName) bool { return r == name })
		}
		l.m.left(domain.RoleDeleted, "", "")
	})
}

func (l *life) revokesAll(*rapid.T) {
	who, p := l.someOffice(), one(l, "account", l.m.people)
	if !l.may(who, domain.SessionsRevoke) {
		return
	}
	want := l.over(who, p)
	l.someFault()
	err := l.sessions.RevokeAll(l.ctx, who.Principal, p.id)
	l.came("revoke the sessions of "+p.email, err, want, func() {
		if want == nil {
			l.m.endAll(p)
			l.m.left(domain.SessionsRevoked, string(p.id), "")
		}
	})
}

func (l *life) createsKey(*rapid.T) {
	who, allows := l.someOffice(), l.somePermissions()
	lasts := rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(l.rt, "lasts")
	if !l.may(who, domain.APIKeysWrite) {
		return
	}
	b := &badge{allows: allows}
	if lasts > 0 {
		b.expires = l.m.now.Add(lasts)
	}
	var want error
	if !holds(who.allows, allows) {
		want = domain.ErrInsufficientPermissions
	}
	l.someFault()
	key, secret, err := l.apiKeys.Create(l.ctx, who.Principal, application.NewAPIKey{
		Name: "robot", Permissions: domain.NewPermissions(allows...), ExpiresAt: b.expires,
	})
	answered := l.came("create an API key", err, want, func() {
		if want == nil {
			b.id = l.newKey()
			l.m.badges = append(l.m.badges, b)
			l.m.left(domain.APIKeyCreated, string(b.id), "")
		}
	})
	if answered {
		b.text = secret.Reveal()
		if key.ID != b.id {
			l.fail("create an API key: got id %s, want %s", key.ID, b.id)
		}
	}
}

// newKey returns the one key of this life that the model does not know.
func (l *life) newKey() domain.APIKeyID {
	after := domain.APIKeyID(l.marked)
	stored, err := l.line.Storage.APIKeys().List(l.ctx, application.Page[domain.APIKeyID]{After: after, Limit: 100})
	l.expect("list the API keys", err, nil)
	if len(stored) != 1 {
		l.fail("new API keys: got %d, want 1", len(stored))
	}
	return stored[0].ID
}

func (l *life) revokesKey(*rapid.T) {
	if len(l.m.badges) == 0 {
		return
	}
	who, b := l.someOffice(), one(l, "API key", l.m.badges)
	if !l.may(who, domain.APIKeysWrite) {
		return
	}
	var want error
	if !holds(who.allows, b.allows) {
		want = domain.ErrInsufficientPermissions
	}
	l.someFault()
	err := l.apiKeys.Revoke(l.ctx, who.Principal, b.id)
	l.came("revoke an API key", err, want, func() {
		if want == nil && !b.revoked {
			b.revoked = true
			l.m.left(domain.APIKeyRevoked, string(b.id), "")
		}
	})
}

func (l *life) somePermissions() []domain.Permission {
	set := rapid.SliceOfNDistinct(rapid.SampledFrom(grantable), 0, 2, rapid.ID).Draw(l.rt, "permissions")
	slices.Sort(set)
	return append([]domain.Permission{}, set...) // never nil: a role without any is still there
}
