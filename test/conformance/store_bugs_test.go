package conformance_test

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// storeBug is a mistake that an adapter may make, and the case that must see it.
type storeBug struct {
	name, caughtBy string
	plant          func(*faulty)
}

const (
	advances     = "Advance moves a session one generation and returns it with its user as they are now"
	refusals     = "Advance refuses what is not live, current and its owner's, and changes nothing"
	rivals       = "of 32 rivals one advances the session, and the others see it advanced"
	rollback     = "a transaction that fails leaves nothing, and its error comes back unchanged"
	restoring    = "a rollback restores what was changed and deleted"
	skew         = "of two admins who demote themselves at once one stays"
	sweeping     = "sweeping deletes by absolute expiry alone, and never more than asked"
	beginning    = "a session begins only while its user is what the password was checked for"
	filtering    = "a list of users is narrowed by address, role and status"
	deletion     = "deleting a user takes everything of it along and frees the address"
	countingOnce = "a transaction may run several times, and counts once"
)

// moves is an Advance that moves what it should refuse, as wrong says.
func moves(wrong func(application.Advance, domain.Session, domain.User) bool) func(*faulty) {
	return func(f *faulty) {
		f.sessions = func(s application.SessionStore) application.SessionStore { return eagerAdvance{s, wrong} }
	}
}

type eagerAdvance struct {
	application.SessionStore
	wrong func(application.Advance, domain.Session, domain.User) bool
}

func (e eagerAdvance) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, moved, err := e.SessionStore.Advance(ctx, step)
	return session, user, moved || err == nil && e.wrong(step, session, user), err
}

var storeBugs = []storeBug{
	{"Advance ignores revocation", refusals, moves(func(_ application.Advance, s domain.Session, _ domain.User) bool { return s.Revoked() })},
	{"Advance ignores the idle expiry", refusals, moves(func(a application.Advance, s domain.Session, _ domain.User) bool {
		return !a.Now.Before(s.IdleExpiresAt) && a.Now.Before(s.ExpiresAt)
	})},
	{"Advance ignores the absolute expiry", refusals, moves(func(a application.Advance, s domain.Session, _ domain.User) bool {
		return !a.Now.Before(s.ExpiresAt)
	})},
	{"Advance ignores the generation", refusals, moves(func(a application.Advance, s domain.Session, _ domain.User) bool { return a.From < s.Generation })},
	{"Advance ignores whose session it is", refusals, moves(func(a application.Advance, s domain.Session, _ domain.User) bool { return a.User != s.UserID })},
	{"Advance ignores the user's status", refusals, moves(func(_ application.Advance, _ domain.Session, u domain.User) bool { return !u.Active() })},
	{"Advance ignores the user's version", refusals, moves(func(_ application.Advance, s domain.Session, u domain.User) bool { return u.Version != s.UserVersion })},
	{"Advance reads, then writes", rivals, func(f *faulty) {
		f.sessions = func(s application.SessionStore) application.SessionStore { return racyAdvance{s} }
	}},
	{"a loser sees the session as it was before the winner", rivals, func(f *faulty) {
		f.sessions = func(s application.SessionStore) application.SessionStore { return staleAdvance{s} }
	}},
	{"Advance returns the user as at login", advances, func(f *faulty) {
		f.sessions = func(s application.SessionStore) application.SessionStore { return namelessAdvance{s} }
	}},
	{"Advance does not cap the idle expiry", "Advance never moves the idle expiry past the absolute one", func(f *faulty) {
		f.sessions = func(s application.SessionStore) application.SessionStore { return uncappedAdvance{s} }
	}},
	{"a session begins whatever the user's version is", beginning, func(f *faulty) {
		f.sessions = func(s application.SessionStore) application.SessionStore { return trustingInsert{s, f.Storage.Users()} }
	}},
	{"sweeping deletes what is revoked", sweeping, func(f *faulty) {
		hidden := &sweptRevoked{gone: map[domain.SessionID]bool{}}
		f.sessions = func(s application.SessionStore) application.SessionStore {
			hidden.SessionStore = s
			return hidden
		}
	}},
	{"sweeping has no bound", sweeping, func(f *faulty) {
		f.sessions = func(s application.SessionStore) application.SessionStore { return greedySweep{s} }
	}},
	{"a transaction does not roll back", rollback, unprotected},
	{"a transaction does not restore", restoring, unprotected},
	{"transactions are not isolated", skew, unprotected},
	{"transactions lose updates", countingOnce, unprotected},
	{"a transaction wraps its error", rollback, func(f *faulty) {
		f.atomically = func(ctx context.Context, fn func(context.Context, application.Tx) error) error {
			if err := f.Storage.Atomically(ctx, fn); err != nil {
				return fmt.Errorf("transaction: %w", err)
			}
			return nil
		}
	}},
	{"a context that has ended is ignored", "no method does anything once its context has ended", func(f *faulty) {
		f.roles = func(s application.RoleStore) application.RoleStore { return deafRoles{s} }
	}},
	{"rehashing does not compare", "a rehash replaces only the hash that was verified", func(f *faulty) {
		owners := map[domain.CredentialID]domain.UserID{}
		f.credentials = func(s application.CredentialStore) application.CredentialStore { return blindRehash{s, owners} }
	}},
	{"an address is not unique", "an address belongs to one user", func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return sharedAddress{s} }
	}},
	{"deleting a user only disables it", deletion, func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return softDelete{s} }
	}},
	{"a prefix is a pattern", filtering, func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return patternList{s} }
	}},
	{"an import replaces passwords", "an import leaves who is there as they are, and takes the first of each address", func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return overwriting{s, bulkOf(s)} }
	}},
	{"an import counts what it skips", "an import leaves who is there as they are, and takes the first of each address", func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return countingAll{s, bulkOf(s)} }
	}},
	{"a disabled admin counts", "another active admin is neither oneself nor disabled nor a namesake", func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return anyAdmin{s} }
	}},
	{"times are milliseconds", "times come back to the microsecond, and zero as zero", func(f *faulty) {
		f.users = func(s application.UserStore) application.UserStore { return coarseTimes{s} }
	}},
	{"a session's state is remembered", "a change of a role or of who holds it counts at once", func(f *faulty) {
		f.state = &rememberedState{StateReader: f.Storage, seen: map[domain.SessionID]*domain.SessionState{}}
	}},
	{"Touch lowers", "Touch only raises when a key was last used", func(f *faulty) {
		f.apiKeys = func(s application.APIKeyStore) application.APIKeyStore { return lastTouch{s} }
	}},
	{"a mailed token is used twice", "of several who use a mailed token at once one succeeds", func(f *faulty) {
		f.mailTokens = func(s application.MailTokenStore) application.MailTokenStore { return reusableToken{s} }
	}},
	{"messages come in no order", "messages are due when their time has come, the longest overdue first", func(f *faulty) {
		f.outbox = func(s application.OutboxStore) application.OutboxStore { return unsortedOutbox{s} }
	}},
	{"a lease is everybody's", "of several who want a lease one gets it, free or over", func(f *faulty) {
		f.leases = func(s application.LeaseStore) application.LeaseStore { return freeLease{s} }
	}},
	{"the last secret wins", "of several first secrets all get the same one", func(f *faulty) {
		f.secrets = func(s application.SecretStore) application.SecretStore { return lastSecret{s} }
	}},
	{"until includes the moment", "a list of events is narrowed by subject, type and time", func(f *faulty) {
		f.audit = func(s application.AuditStore) application.AuditStore { return inclusiveAudit{s} }
	}},
}
