package conformance_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

// lifeBug is a mistake that a release may make, anywhere, and that the model
// must see. Each is planted alone.
type lifeBug struct {
	name  string
	plant func(*conformance.Alterations)
}

// below plants a mistake into the storage itself.
func below(flaw func(*faulty)) func(*conformance.Alterations) {
	return func(a *conformance.Alterations) { a.Below = breaking(flaw) }
}

// above plants a mistake between the line to the storage and the use cases.
func above(flaw func(*faulty)) func(*conformance.Alterations) {
	return func(a *conformance.Alterations) { a.Above = breaking(flaw) }
}

func breaking(flaw func(*faulty)) func(application.Storage) application.Storage {
	return func(s application.Storage) application.Storage {
		f := &faulty{Storage: s}
		flaw(f)
		return f
	}
}

// sessionsOf breaks the sessions.
func sessionsOf(wrap func(application.SessionStore) application.SessionStore) func(*faulty) {
	return func(f *faulty) { f.sessions = wrap }
}

// stateOf breaks what the gate is told of a session.
func stateOf(edit func(*domain.SessionState)) func(*conformance.Alterations) {
	return func(a *conformance.Alterations) {
		a.State = func(s application.StateReader) application.StateReader { return editedState{s, edit, nil} }
	}
}

var lifeBugs = []lifeBug{
	{"Advance moves without comparing the generation", below(moves(func(step application.Advance, s domain.Session, _ domain.User) bool {
		return step.From < s.Generation
	}))},
	{"Advance ignores that the session was revoked", below(moves(func(_ application.Advance, s domain.Session, _ domain.User) bool { return s.Revoked() }))},
	{"Advance ignores the user's version", below(moves(func(_ application.Advance, s domain.Session, u domain.User) bool { return u.Version != s.UserVersion }))},
	{"Advance ignores the user's status", below(moves(func(_ application.Advance, _ domain.Session, u domain.User) bool { return !u.Active() }))},
	{"a refresh moves the absolute end", below(sessionsOf(func(s application.SessionStore) application.SessionStore { return uncappedAdvance{s} }))},
	{"a replay within the grace gets another successor", func(a *conformance.Alterations) {
		a.Signer = func(s application.TokenSigner) application.TokenSigner { return &fickleSigner{TokenSigner: s} }
	}},
	{"a replay within the grace moves the session again", below(sessionsOf(func(s application.SessionStore) application.SessionStore { return movingReplay{s} }))},
	{"a reuse does not end the session", below(sessionsOf(func(s application.SessionStore) application.SessionStore { return idleRevoke{s} }))},
	{"the end of a reused session is rolled back", below(func(f *faulty) {
		f.audit = func(s application.AuditStore) application.AuditStore { return reuseRefused{s} }
		f.atomically = swallowReuse(f)
	})},
	{"sweeping goes by the idle expiry", below(sessionsOf(func(s application.SessionStore) application.SessionStore { return hastySweep{s} }))},
	{"sweeping deletes what is revoked", func(a *conformance.Alterations) {
		var begun, gone sync.Map
		a.Below = breaking(sessionsOf(func(s application.SessionStore) application.SessionStore {
			return forgettingSweep{s, &begun, &gone}
		}))
	}},
	{"a new password does not raise the version", below(func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return constantVersion{s} }
	})},
	{"a disabled user is still let through", stateOf(func(s *domain.SessionState) {
		s.User.Status, s.User.Version = domain.StatusActive, s.Session.UserVersion
	})},
	{"a revoked session is still let through", stateOf(func(s *domain.SessionState) { s.Session.RevokedAt = time.Time{} })},
	{"a session of an earlier password is still let through", stateOf(func(s *domain.SessionState) { s.User.Version = s.Session.UserVersion })},
	{"the roles are those of the login", func(a *conformance.Alterations) {
		seen := map[domain.SessionID][]domain.RoleName{}
		stateOf(func(s *domain.SessionState) {
			if _, ok := seen[s.Session.ID]; !ok {
				seen[s.Session.ID] = s.User.Roles
			}
			s.User.Roles = seen[s.Session.ID]
		})(a)
	}},
	{"the permissions are those of the first request", func(a *conformance.Alterations) {
		seen := map[domain.SessionID]domain.Permissions{}
		stateOf(func(s *domain.SessionState) {
			if _, ok := seen[s.Session.ID]; !ok {
				seen[s.Session.ID] = s.Permissions
			}
			s.Permissions = seen[s.Session.ID]
		})(a)
	}},
	{"an API key does more than it may", keyState(func(k *domain.APIKey) {
		k.Permissions = domain.NewPermissions(append(k.Permissions, domain.UsersRead)...)
	})},
	{"a revoked API key opens", keyState(func(k *domain.APIKey) { k.RevokedAt = time.Time{} })},
	{"an expired API key opens", keyState(func(k *domain.APIKey) { k.ExpiresAt = time.Time{} })},
	{"the last admin can be removed", below(func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return crowdOfAdmins{s} }
	})},
	{"a deleted user stays", below(func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return softDelete{s} }
	})},
	{"an audit row is missing", below(func(f *faulty) {
		f.audit = func(s application.AuditStore) application.AuditStore { return silentAudit{s} }
	})},
	{"audit rows are written whether or not the change is", below(hastyAudit)},
	{"storage that does not answer is a bad token", above(sessionsOf(func(s application.SessionStore) application.SessionStore { return guessingAdvance{s} }))},
	{"storage that does not answer is a deleted user", func(a *conformance.Alterations) {
		a.State = func(s application.StateReader) application.StateReader { return guessingState{s} }
	}},
	{"a logout ends another session too", below(sessionsOf(func() func(application.SessionStore) application.SessionStore {
		last := new(atomic.Value)
		return func(s application.SessionStore) application.SessionStore { return broadRevoke{s, last} }
	}()))},
	{"a reset token works twice", below(func(f *faulty) {
		f.mailTokens = func(s application.MailTokenStore) application.MailTokenStore { return everlastingToken{s} }
	})},
	{"a proof of a mailbox works twice", below(func(f *faulty) {
		f.mailTokens = func(s application.MailTokenStore) application.MailTokenStore { return lastingProof{s} }
	})},
	{"the address that was asked for before can still be had", below(func(f *faulty) {
		f.mailTokens = func(s application.MailTokenStore) application.MailTokenStore { return keptAddress{s} }
	})},
	{"a proof takes an address from its owner", below(func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return takingProof{s} }
	})},
	{"a tampered token is taken for the one that it was", func(a *conformance.Alterations) {
		a.Verifier = func(v application.TokenVerifier) application.TokenVerifier {
			return trustingVerifier{v, &sync.Map{}}
		}
	}},
	{"a token that was good once is good for ever", func(a *conformance.Alterations) {
		a.Verifier = func(v application.TokenVerifier) application.TokenVerifier {
			return rememberingVerifier{v, map[string]*domain.AccessClaims{}}
		}
	}},
	{"a wrong password is hashed twice", func(a *conformance.Alterations) {
		a.Hasher = func(h application.PasswordHasher) application.PasswordHasher { return eagerHasher{h} }
	}},
	{"a taken address is said to be given", below(func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return takenUpdate{s} }
	})},
}

func keyState(edit func(*domain.APIKey)) func(*conformance.Alterations) {
	return func(a *conformance.Alterations) {
		a.State = func(s application.StateReader) application.StateReader { return editedState{s, nil, edit} }
	}
}

// TestTheModelSeesEachPlantedBug proves that the model can fail: the same lives
// that nothing is wrong with on a sound service go wrong with each mistake.
func TestTheModelSeesEachPlantedBug(t *testing.T) {
	t.Parallel()
	for _, bug := range lifeBugs {
		t.Run(bug.name, func(t *testing.T) {
			t.Parallel()
			var altered conformance.Alterations
			bug.plant(&altered)
			found := conformance.FirstWrong(t, memory.New(), conformance.LifecycleMost, altered)
			if found == "" {
				t.Fatalf("%d lives where %s: got nothing wrong, want it caught", conformance.LifecycleMost, bug.name)
			}
			t.Logf("caught in %s", found)
		})
	}
}

func TestASoundServiceGoesThroughTheSameLives(t *testing.T) {
	t.Parallel()
	if found := conformance.FirstWrong(t, memory.New(), conformance.LifecycleMost, conformance.Alterations{}); found != "" {
		t.Errorf("a sound service: got %s, want nothing wrong", found)
	}
}

// fickleSigner never signs the same twice.
type fickleSigner struct {
	application.TokenSigner
	signed atomic.Int64
}

func (s *fickleSigner) SignRefresh(claims domain.RefreshClaims) (domain.RefreshToken, error) {
	claims.IssuedAt = claims.IssuedAt.Add(-time.Duration(s.signed.Add(1)) * time.Second)
	return s.TokenSigner.SignRefresh(claims)
}

type movingReplay struct{ application.SessionStore }

func (r movingReplay) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, moved, err := r.SessionStore.Advance(ctx, step)
	if err == nil && !moved && session.Generation == step.From+1 && step.Now.Sub(session.RotatedAt) < 10*time.Second {
		step.From++
		return r.SessionStore.Advance(ctx, step)
	}
	return session, user, moved, err
}

// idleRevoke only says that it ended a session that was refreshed before.
type idleRevoke struct{ application.SessionStore }

func (r idleRevoke) Revoke(ctx context.Context, id domain.SessionID, now time.Time) (bool, error) {
	if session, _, err := r.Session(ctx, id); err == nil && session.Generation > 0 {
		return !session.Revoked(), nil
	}
	return r.SessionStore.Revoke(ctx, id, now)
}

var errReuseRow = errors.New("the row of a reuse")

type reuseRefused struct{ application.AuditStore }

func (r reuseRefused) Append(ctx context.Context, events ...domain.Event) error {
	if slices.ContainsFunc(events, func(e domain.Event) bool { return e.Type == domain.TokenReuseDetected }) {
		return errReuseRow
	}
	return r.AuditStore.Append(ctx, events...)
}

func swallowReuse(f *faulty) func(context.Context, func(context.Context, application.Tx) error) error {
	return func(ctx context.Context, fn func(context.Context, application.Tx) error) error {
		err := f.Storage.Atomically(ctx, func(ctx context.Context, tx application.Tx) error { return fn(ctx, faultyTx{tx, f}) })
		if errors.Is(err, errReuseRow) {
			return nil
		}
		return err
	}
}

type hastySweep struct{ application.SessionStore }

func (r hastySweep) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return r.SessionStore.Sweep(ctx, now.Add(2*time.Hour), limit) // a session lives for three, and for one when idle
}

// forgettingSweep hides what was revoked when it swept.
type forgettingSweep struct {
	application.SessionStore
	begun, gone *sync.Map // SessionIDs
}

func (r forgettingSweep) Insert(ctx context.Context, session domain.Session) error {
	r.begun.Store(session.ID, true)
	return r.SessionStore.Insert(ctx, session)
}

func (r forgettingSweep) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	r.begun.Range(func(id, _ any) bool {
		if session, _, err := r.SessionStore.Session(ctx, id.(domain.SessionID)); err == nil && session.Revoked() {
			r.gone.Store(id, true)
		}
		return true
	})
	return r.SessionStore.Sweep(ctx, now, limit)
}

func (r forgettingSweep) Session(ctx context.Context, id domain.SessionID) (domain.Session, domain.User, error) {
	if _, ok := r.gone.Load(id); ok {
		return domain.Session{}, domain.User{}, domain.ErrNotFound
	}
	return r.SessionStore.Session(ctx, id)
}

type constantVersion struct{ application.UserStore }

func (r constantVersion) Update(ctx context.Context, user domain.User) error {
	if before, err := r.User(ctx, user.ID); err == nil && before.Status == user.Status {
		user.Version = before.Version
	}
	return r.UserStore.Update(ctx, user)
}

type crowdOfAdmins struct{ application.UserStore }

func (crowdOfAdmins) AnotherActiveAdmin(context.Context, domain.UserID) (bool, error) {
	return true, nil
}

type silentAudit struct{ application.AuditStore }

func (r silentAudit) Append(ctx context.Context, events ...domain.Event) error {
	return r.AuditStore.Append(ctx, slices.DeleteFunc(events, func(e domain.Event) bool { return e.Type == domain.SessionsRevoked })...)
}

// hastyAudit stores what a transaction noted also when it is rolled back.
func hastyAudit(f *faulty) {
	var noted []domain.Event
	f.audit = func(s application.AuditStore) application.AuditStore { return notingAudit{s, &noted} }
	f.atomically = func(ctx context.Context, fn func(context.Context, application.Tx) error) error {
		noted = nil
		err := f.Storage.Atomically(ctx, func(ctx context.Context, tx application.Tx) error { return fn(ctx, faultyTx{tx, f}) })
		return errors.Join(err, f.Storage.Audit().Append(ctx, noted...))
	}
}

type notingAudit struct {
	application.AuditStore
	noted *[]domain.Event
}

func (r notingAudit) Append(_ context.Context, events ...domain.Event) error {
	*r.noted = append(*r.noted, events...)
	return nil
}

type guessingAdvance struct{ application.SessionStore }

func (r guessingAdvance) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, moved, err := r.SessionStore.Advance(ctx, step)
	if errors.Is(err, domain.ErrUnavailable) {
		err = domain.ErrNotFound
	}
	return session, user, moved, err
}

type guessingState struct{ application.StateReader }

func (r guessingState) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	state, err := r.StateReader.SessionState(ctx, id)
	if err != nil {
		return nil, domain.ErrNotFound
	}
	return state, nil
}

// broadRevoke ends the session that was refreshed last as well.
type broadRevoke struct {
	application.SessionStore
	last *atomic.Value // a SessionID
}

func (r broadRevoke) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	r.last.Store(step.Session)
	return r.SessionStore.Advance(ctx, step)
}

func (r broadRevoke) Revoke(ctx context.Context, id domain.SessionID, now time.Time) (bool, error) {
	if last, ok := r.last.Load().(domain.SessionID); ok && last != id {
		if _, err := r.SessionStore.Revoke(ctx, last, now); err != nil {
			return false, err
		}
	}
	return r.SessionStore.Revoke(ctx, id, now)
}

type everlastingToken struct{ application.MailTokenStore }

func (everlastingToken) Delete(context.Context, domain.MailTokenID) (bool, error) { return true, nil }

func (everlastingToken) DeleteOf(context.Context, domain.UserID, domain.MailPurpose) error {
	return nil
}

// lastingProof keeps what only proves the mailbox that an account has.
type lastingProof struct{ application.MailTokenStore }

func (r lastingProof) Delete(ctx context.Context, id domain.MailTokenID) (bool, error) {
	if token, err := r.MailToken(ctx, id); err == nil && token.Purpose == domain.MailVerifyEmail {
		return true, nil
	}
	return r.MailTokenStore.Delete(ctx, id)
}

// keptAddress deletes no earlier change of an address for a later one.
type keptAddress struct{ application.MailTokenStore }

func (r keptAddress) DeleteOf(ctx context.Context, user domain.UserID, purpose domain.MailPurpose) error {
	if purpose == domain.MailChangeEmail {
		return nil
	}
	return r.MailTokenStore.DeleteOf(ctx, user, purpose)
}

// takingProof moves whoever has an address out of the way of who proves it.
type takingProof struct{ application.UserStore }

func (r takingProof) Update(ctx context.Context, user domain.User) error {
	if owner, err := r.UserByEmail(ctx, user.Email); err == nil && owner.ID != user.ID && user.EmailVerified() {
		owner.Email = domain.StoredEmail("former-" + owner.Email.String())
		if err := r.UserStore.Update(ctx, owner); err != nil {
			return err
		}
	}
	return r.UserStore.Update(ctx, user)
}

// trustingVerifier knows a token by all but its last characters.
type trustingVerifier struct {
	application.TokenVerifier
	seen *sync.Map // to domain.RefreshClaims
}

func (v trustingVerifier) VerifyRefresh(ctx context.Context, token string) (domain.RefreshClaims, error) {
	known := token[:len(token)-43] // without the signature
	claims, err := v.TokenVerifier.VerifyRefresh(ctx, token)
	if err == nil {
		v.seen.Store(known, claims)
	} else if seen, ok := v.seen.Load(known); ok && !errors.Is(err, domain.ErrTokenExpired) {
		return seen.(domain.RefreshClaims), nil
	}
	return claims, err
}

type rememberingVerifier struct {
	application.TokenVerifier
	seen map[string]*domain.AccessClaims
}

func (v rememberingVerifier) VerifyAccess(ctx context.Context, token string) (*domain.AccessClaims, error) {
	if claims, ok := v.seen[token]; ok {
		return claims, nil
	}
	claims, err := v.TokenVerifier.VerifyAccess(ctx, token)
	if err == nil {
		v.seen[token] = claims
	}
	return claims, err
}

type eagerHasher struct{ application.PasswordHasher }

func (h eagerHasher) Verify(ctx context.Context, hash domain.PasswordHash, password domain.Password) (application.Verification, error) {
	proof, err := h.PasswordHasher.Verify(ctx, hash, password)
	if err == nil && !proof.Match {
		return h.PasswordHasher.Verify(ctx, hash, password)
	}
	return proof, err
}

// takenUpdate says that a taken address was given.
type takenUpdate struct{ application.UserStore }

func (r takenUpdate) Update(ctx context.Context, user domain.User) error {
	if owner, err := r.UserByEmail(ctx, user.Email); err == nil && owner.ID != user.ID {
		return nil
	}
	return r.UserStore.Update(ctx, user)
}

type editedState struct {
	application.StateReader
	session func(*domain.SessionState)
	key     func(*domain.APIKey)
}

func (r editedState) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	state, err := r.StateReader.SessionState(ctx, id)
	if err == nil && r.session != nil {
		copied := *state
		r.session(&copied)
		return &copied, nil
	}
	return state, err
}

func (r editedState) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	key, err := r.StateReader.APIKeyState(ctx, id)
	if err == nil && r.key != nil {
		copied := *key
		r.key(&copied)
		return &copied, nil
	}
	return key, err
}
