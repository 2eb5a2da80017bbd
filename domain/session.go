package domain

import "time"

// Session is one login on one device, and the family of refresh tokens that
// came from it. It is live while its user's version is still UserVersion.
type Session struct {
	ID            SessionID
	UserID        UserID
	UserVersion   int64 // the user's version at login
	Generation    int64 // how many times it has been refreshed
	CreatedAt     time.Time
	RotatedAt     time.Time // the last refresh; at first the login
	IdleExpiresAt time.Time // moves with each refresh, never past ExpiresAt
	ExpiresAt     time.Time // never moves
	RevokedAt     time.Time // zero: not revoked
	Client        Client    // of the login
}

// Client is where a request came from, as far as it can be known.
type Client struct {
	Address   string // IP address in canonical text, IPv4-mapped folded; may be empty
	UserAgent string // at most MaxUserAgentBytes
}

// MaxUserAgentBytes is how much of a User-Agent header is kept.
const MaxUserAgentBytes = 256

// Lifetimes says how long a session and its tokens live.
type Lifetimes struct {
	Access   time.Duration // an access token
	Idle     time.Duration // a session that is not refreshed
	Absolute time.Duration // a session at all
}

// NewSession begins a session of user at now.
func NewSession(id SessionID, user User, now time.Time, lives Lifetimes, client Client) Session {
	expires := now.Add(lives.Absolute)
	return Session{
		ID: id, UserID: user.ID, UserVersion: user.Version,
		CreatedAt: now, RotatedAt: now,
		IdleExpiresAt: earliest(lives.IdleExpiry(now), expires), ExpiresAt: expires,
		Client: client,
	}
}

// IdleExpiry returns when a session that is refreshed at now goes idle, were
// there no absolute expiry: storage takes the earlier of the two.
func (lives Lifetimes) IdleExpiry(now time.Time) time.Time { return now.Add(lives.Idle) }

// AccessExpiry returns when an access token of s that is minted at now ends:
// with the session at the latest. It is whole seconds, as a token says it; an
// end of the session is rounded up, for the session itself is over to the
// microsecond.
func (s Session) AccessExpiry(now time.Time, ttl time.Duration) time.Time {
	return earliest(now.Add(ttl).Truncate(time.Second), ceilSecond(s.IdleExpiresAt), ceilSecond(s.ExpiresAt))
}

// Expired reports whether one of the two lifetimes is over at now.
func (s Session) Expired(now time.Time) bool {
	return !now.Before(s.IdleExpiresAt) || !now.Before(s.ExpiresAt)
}

// Revoked reports whether the session was ended by hand or by reuse.
func (s Session) Revoked() bool { return !s.RevokedAt.IsZero() }

// Live reports whether the session, which is user's, is neither revoked nor
// expired at now, and its user's version still the one of the login. Whether
// the user may act is another question.
func (s Session) Live(user User, now time.Time) bool {
	return !s.Revoked() && !s.Expired(now) && s.UserVersion == user.Version
}

// Verdict is what a presented refresh token is worth.
type Verdict int

// The verdicts.
const (
	Over    Verdict = iota // the session is not live: refuse
	Current                // it moves the session forward
	Replay                 // the last one, within the grace: the same successor again
	Reuse                  // an older one: somebody has a copy, end the session
)

// Presented is what a refresh token claims.
type Presented struct {
	Subject    UserID
	Generation int64
}

// Judge says what a presented refresh token is worth at now, given the session
// and its user as they are stored, and for Over and Reuse the reason, for the
// log. It is the whole refresh policy. A clock that runs behind RotatedAt counts
// as no time elapsed.
func (s Session) Judge(user User, p Presented, now time.Time, grace time.Duration) (Verdict, string) {
	switch {
	case p.Subject != s.UserID || user.ID != s.UserID:
		return Over, "subject_mismatch"
	case !user.Active():
		return Over, "user_inactive"
	case s.Revoked():
		return Over, "session_revoked"
	case user.Version != s.UserVersion:
		return Over, "version_changed"
	case s.Expired(now):
		return Over, "session_expired"
	case p.Generation > s.Generation:
		return Over, "ahead"
	case p.Generation == s.Generation:
		return Current, ""
	case p.Generation == s.Generation-1 && max(0, now.Sub(s.RotatedAt)) < grace:
		return Replay, ""
	default:
		return Reuse, "reuse"
	}
}

// SessionState is what an access token is judged by: its session, its user
// and the user's authority, as they are now.
type SessionState struct {
	Session     Session // Generation, RotatedAt and IdleExpiresAt may be stale
	User        User
	Permissions Permissions // of all the user's roles
}

// Principal returns the caller that the state vouches for at now. The errors
// are ErrUserInactive, which wins, and ErrInvalidToken.
func (st *SessionState) Principal(now time.Time) (Principal, error) {
	switch {
	case !st.User.Active():
		return Principal{}, ErrUserInactive
	case st.Session.Revoked(), st.User.Version != st.Session.UserVersion, !now.Before(st.Session.ExpiresAt):
		return Principal{}, ErrTokenRevoked
	}
	return Principal{
		Kind: PrincipalUser, Subject: string(st.User.ID), Session: st.Session.ID,
		User: &st.User, Roles: st.User.Roles, Permissions: st.Permissions,
	}, nil
}

func ceilSecond(t time.Time) time.Time {
	whole := t.Truncate(time.Second)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	return whole
}

func earliest(t time.Time, others ...time.Time) time.Time {
	for _, o := range others {
		if o.Before(t) {
			t = o
		}
	}
	return t
}
