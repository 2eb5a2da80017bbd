package conformance

import (
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// The model knows what must be so, in words of its own: it has no versions, no
// verdicts and no rules of the domain's, only what was done and what that ends.

// person is an account.
type person struct {
	id       domain.UserID
	email    string
	password string
	era      int // of the stored hash
	roles    []domain.RoleName
	verified bool
	disabled bool
	gone     bool
	version  int64 // the highest seen
}

// visit is a session.
type visit struct {
	id         domain.SessionID
	of         *person
	begun      time.Time
	rotated    time.Time
	idle       time.Time // when it is over unless it is refreshed
	over       time.Time // when it is over at all
	generation int64
	ended      bool                       // by whatever
	revoked    bool                       // and its row says so
	swept      bool                       // its row is gone
	tickets    map[int64]*ticket          // by generation, those that somebody got
	passes     []*pass                    // access tokens
	seen       struct{ generation int64 } // in storage
}

// ticket is a refresh token.
type ticket struct {
	of         *visit
	generation int64
	text       string
	expires    time.Time
}

// pass is an access token.
type pass struct {
	of      *visit
	text    string
	expires time.Time
	key     string // that signed it
}

// badge is an API key.
type badge struct {
	id      domain.APIKeyID
	text    string // empty: the answer was lost
	allows  []domain.Permission
	expires time.Time
	revoked bool
}

// letter is a mailed token.
type letter struct {
	of      *person
	purpose domain.MailPurpose
	email   string // where it went
	text    string
	expires time.Time
	spent   bool
}

// trace is what an audit row must say.
type trace struct {
	Type    domain.EventType
	Outcome domain.Outcome
	Subject string
	Session domain.SessionID
}

// model is all that must be so.
type model struct {
	now       time.Time
	people    []*person
	visits    []*visit
	tickets   []*ticket
	badges    []*badge
	letters   []*letter
	roles     map[domain.RoleName][]domain.Permission
	traces    []trace  // that the last step must have left
	signing   string   // the key that signs
	retiring  []string // keys whose tokens are still good
	withdrawn map[string]bool
	admitted  int // password checks and hashes that this life may have done
	verified  int
	hashed    int
}

func newModel() *model {
	return &model{
		now: noon, withdrawn: map[string]bool{},
		roles: map[domain.RoleName][]domain.Permission{
			domain.RoleUser:      {},
			domain.RoleModerator: {domain.UsersRead, domain.SessionsRead, domain.SessionsRevoke, domain.AuditRead},
			domain.RoleAdmin:     {domain.EveryPermission},
		},
	}
}

func (m *model) left(kind domain.EventType, subject string, session domain.SessionID) {
	m.traces = append(m.traces, trace{kind, domain.Success, subject, session})
}

func (m *model) refused(kind domain.EventType, subject string, session domain.SessionID) {
	m.traces = append(m.traces, trace{kind, domain.Failure, subject, session})
}

// who returns the account that has an address, or nil.
func (m *model) who(email string) *person {
	for _, p := range m.people {
		if !p.gone && p.email == email {
			return p
		}
	}
	return nil
}

func (m *model) accounts() []*person {
	return slices.DeleteFunc(slices.Clone(m.people), func(p *person) bool { return p.gone })
}

// authority returns what roles allow now, sorted.
func (m *model) authority(roles []domain.RoleName) []domain.Permission {
	var all []domain.Permission
	for _, r := range roles {
		all = append(all, m.roles[r]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// holds reports whether who has all of what.
func holds(who, what []domain.Permission) bool {
	for _, p := range what {
		if !slices.Contains(who, p) && !slices.Contains(who, domain.EveryPermission) {
			return false
		}
	}
	return true
}

func (p *person) admin() bool {
	return !p.gone && !p.disabled && slices.Contains(p.roles, domain.RoleAdmin)
}

// lastAdmin reports whether nobody could administer without p.
func (m *model) lastAdmin(p *person) bool {
	return p.admin() && !slices.ContainsFunc(m.people, func(other *person) bool { return other != p && other.admin() })
}

// begin adds a session of p.
func (m *model) begin(p *person, id domain.SessionID) *visit {
	over := m.now.Add(lifeSpans.Absolute)
	v := &visit{
		id: id, of: p, begun: m.now, rotated: m.now, over: over, tickets: map[int64]*ticket{},
		idle: first(m.now.Add(lifeSpans.Idle), over),
	}
	m.visits = append(m.visits, v)
	return v
}

// move takes a session one generation on.
func (m *model) move(v *visit) {
	v.generation++
	v.rotated = m.now
	v.idle = first(m.now.Add(lifeSpans.Idle), v.over)
}

// stored reports whether the session still has a row.
func (v *visit) stored() bool { return !v.swept && !v.of.gone }

// live reports whether the session is one that its owner has.
func (v *visit) live(now time.Time) bool {
	return v.stored() && !v.of.disabled && !v.ended && now.Before(v.idle) && now.Before(v.over)
}

// endAll ends every session of p, and with them a change of address that one
// of them began.
func (m *model) endAll(p *person) {
	m.spend(p, domain.MailChangeEmail)
	for _, v := range m.visits {
		if v.of == p {
			v.ended = true
		}
	}
}

// mailPurposes are all that is mailed with a token.
var mailPurposes = []domain.MailPurpose{domain.MailVerifyEmail, domain.MailChangeEmail, domain.MailResetPassword}

// spend makes worthless what was mailed to p for certain purposes.
func (m *model) spend(p *person, purposes ...domain.MailPurpose) {
	for _, l := range m.letters {
		if l.of == p && slices.Contains(purposes, l.purpose) {
			l.spent = true
		}
	}
}

// mailedFor returns the letters of certain purposes, worth something or not.
func (m *model) mailedFor(purposes ...domain.MailPurpose) []*letter {
	return slices.DeleteFunc(slices.Clone(m.letters), func(l *letter) bool { return !slices.Contains(purposes, l.purpose) })
}

// opens reports whether a letter does now what it was mailed for: once, until
// its end, for an active account, and for a mailbox that is its own or nobody's.
func (m *model) opens(l *letter) bool {
	if l.spent || !m.now.Before(l.expires) || l.of.gone || l.of.disabled {
		return false
	}
	if l.purpose == domain.MailChangeEmail {
		return m.who(l.email) == nil
	}
	return l.of.email == l.email
}

// worth is what a refresh token does.
type worth string

const (
	moves   worth = "moves"   // the session goes on
	repeats worth = "repeats" // the same successor again
	betrays worth = "betrays" // somebody has a copy: the session ends
	nothing worth = "nothing" // refused, and nothing changes
)

func (m *model) worthOf(t *ticket) worth {
	v := t.of
	switch {
	case !m.now.Before(t.expires), !v.live(m.now):
		return nothing
	case t.generation == v.generation:
		return moves
	case t.generation+1 == v.generation && m.now.Sub(v.rotated) < lifeGrace:
		return repeats
	}
	return betrays
}

// passError is why an access token is worth nothing now, or nil.
func (m *model) passError(p *pass) error {
	v := p.of
	switch {
	case m.withdrawn[p.key]:
		return domain.ErrInvalidToken
	case !m.now.Before(p.expires):
		return domain.ErrTokenExpired
	case !v.stored(), v.of.disabled:
		return domain.ErrUserInactive
	case v.ended, !m.now.Before(v.over):
		return domain.ErrTokenRevoked
	}
	return nil
}

// good returns the access tokens that are worth something now.
func (m *model) good() []*pass {
	var good []*pass
	for _, v := range m.visits {
		for _, p := range v.passes {
			if m.passError(p) == nil {
				good = append(good, p)
			}
		}
	}
	return good
}

func wholeSecond(t time.Time) time.Time {
	if t.Nanosecond() == 0 {
		return t
	}
	return time.Unix(t.Unix()+1, 0).UTC()
}

func first(times ...time.Time) time.Time { return slices.MinFunc(times, time.Time.Compare) }
