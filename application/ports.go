package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Every port takes a context and gives up when it ends. Every port may also
// return domain.ErrUnavailable, wrapped, when what is behind it does not
// answer: then nothing is known, and the caller says 503. The errors named at
// each method are the ones that it returns besides. test/conformance proves an
// adapter of each.

// Tx is what storage keeps, port by port. Everything that a transaction
// touches is reached through one Tx; it can't begin another.
type Tx interface {
	Users() UserStore
	Credentials() CredentialStore
	Sessions() SessionStore
	Roles() RoleStore
	APIKeys() APIKeyStore
	SigningKeys() SigningKeyStore
	MailTokens() MailTokenStore
	Outbox() OutboxStore
	Audit() AuditStore
	Leases() LeaseStore
	Secrets() SecretStore
}

// Store is storage: each method of its ports is atomic by itself, and
// Atomically makes several of them one.
type Store interface {
	Tx

	// Atomically runs fn in a serializable transaction. nil commits, unless ctx
	// has ended; an error rolls back and comes back unchanged; a panic rolls
	// back and goes on. fn runs again after a serialization failure or a
	// deadlock, so it has no other effects; it never runs again after a COMMIT
	// whose outcome is unknown, which is domain.ErrUnavailable. Everything that
	// fn does goes through its Tx, in one goroutine. When a change of the Tx is
	// refused, fn returns an error: a database may have given up the transaction.
	Atomically(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error

	StateReader
}

// Storage is what a storage adapter opens: a Store with its schema.
// A Storage that is also a ChangeFeed gets the state cache.
type Storage interface {
	Store

	// Migrate brings the schema up to what this release needs. Several at once
	// wait for each other. It refuses a schema that is too new for this release.
	Migrate(ctx context.Context) error
	// Schema says where the schema is, touching nothing.
	Schema(ctx context.Context) (SchemaStatus, error)
	// Ping returns nil when storage answers.
	Ping(ctx context.Context) error
	Close() error
}

// SchemaStatus is where a schema is.
type SchemaStatus struct {
	Version int64             // of the database; 0: empty
	Latest  int64             // that this release knows
	Oldest  int64             // the oldest release (by its Latest) that can use the database as it is
	Steps   []SchemaMigration // in order
}

// SchemaMigration is one step of a schema.
type SchemaMigration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: pending
}

// Current reports whether nothing is pending.
func (s SchemaStatus) Current() bool { return s.Version >= s.Latest }

// Compatible reports whether this release can use the database as it is.
func (s SchemaStatus) Compatible() bool { return s.Latest >= s.Oldest }

// ErrSchemaTooNew says that a database is of a newer release, and that only
// that can use it.
var ErrSchemaTooNew = errors.New("the database is too new")

// Usable is Compatible as an error: ErrSchemaTooNew, with what to do.
func (s SchemaStatus) Usable() error {
	if s.Compatible() {
		return nil
	}
	return fmt.Errorf("%w: it is at version %d, which takes a release that knows version %d or later, and this one knows %d: run the newer release",
		ErrSchemaTooNew, s.Version, s.Oldest, s.Latest)
}

// UserStore keeps users.
type UserStore interface {
	// Insert adds a user. domain.ErrEmailTaken.
	Insert(ctx context.Context, user domain.User) error
	// User returns one user. domain.ErrUserNotFound.
	User(ctx context.Context, id domain.UserID) (domain.User, error)
	// UserByEmail returns one user. domain.ErrUserNotFound.
	UserByEmail(ctx context.Context, email domain.Email) (domain.User, error)
	// Update writes all of a user but ID and CreatedAt.
	// domain.ErrUserNotFound, domain.ErrEmailTaken.
	Update(ctx context.Context, user domain.User) error
	// Delete removes a user with credentials, sessions and mailed tokens; the
	// address is free again. domain.ErrUserNotFound.
	Delete(ctx context.Context, id domain.UserID) error
	// List returns users by ascending ID, after page.After.
	List(ctx context.Context, filter UserFilter, page Page[domain.UserID]) ([]domain.User, error)
	// AnotherActiveAdmin reports whether an active user but the one of id
	// holds the role admin.
	AnotherActiveAdmin(ctx context.Context, id domain.UserID) (bool, error)
	// RemoveRole takes a role from all who hold it.
	RemoveRole(ctx context.Context, role domain.RoleName, now time.Time) error
}

// Page asks for up to Limit items after the one named; the zero After is the start.
type Page[ID ~string] struct {
	After ID
	Limit int
}

// UserFilter narrows a list of users; zero members do not count.
type UserFilter struct {
	EmailPrefix string // canonical; each character stands for itself
	Role        domain.RoleName
	Active      *bool
}

// CredentialStore keeps password credentials: at most one for each user.
type CredentialStore interface {
	// AccountByEmail returns a user with the password credential, in one
	// query; without a password the credential is zero. domain.ErrUserNotFound.
	AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error)
	// Account is AccountByEmail by id. domain.ErrUserNotFound.
	Account(ctx context.Context, id domain.UserID) (domain.Account, error)
	// PutPassword stores the user's only password credential, in place of one
	// that was there. domain.ErrUserNotFound.
	PutPassword(ctx context.Context, credential domain.Credential) error
	// Rehash replaces the hash of the same password, if the credential still
	// has the old one, and reports whether it did.
	Rehash(ctx context.Context, id domain.CredentialID, old, fresh domain.PasswordHash, now time.Time) (bool, error)
}

// SessionStore keeps sessions. None of its methods but Sweep removes one: a
// revoked session stays until it is over, so that reuse stays reuse.
type SessionStore interface {
	// Insert adds a session if its user is active and still has the session's
	// UserVersion. domain.ErrUserChanged.
	Insert(ctx context.Context, session domain.Session) error
	// Session returns a session and its user. domain.ErrNotFound.
	Session(ctx context.Context, id domain.SessionID) (domain.Session, domain.User, error)
	// Advance moves a session one generation forward, by compare-and-swap, and
	// reports whether it moved; then it returns the session and its user as
	// they are now. It moves only a live session of an active user whose
	// version still agrees, at the expected generation. One statement, one
	// round trip, one commit. A driver may repeat it after a broken
	// connection: then moved is false although the row holds this call's Now.
	// domain.ErrNotFound when the session or its user is gone.
	Advance(ctx context.Context, step Advance) (session domain.Session, user domain.User, moved bool, err error)
	// Revoke ends a session, and reports whether it was there and not yet revoked.
	Revoke(ctx context.Context, id domain.SessionID, now time.Time) (bool, error)
	// ListByUser returns the user's sessions that are neither revoked nor
	// expired and whose version is the user's, by descending ID, after page.After.
	ListByUser(ctx context.Context, user domain.UserID, now time.Time, page Page[domain.SessionID]) ([]domain.Session, error)
	// Sweep deletes up to limit sessions whose ExpiresAt is at or before now,
	// revoked or not, and returns how many.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
}

// Advance is one step of a session.
type Advance struct {
	Session       domain.SessionID
	User          domain.UserID
	From          int64     // the generation that was presented
	Now           time.Time // becomes RotatedAt
	IdleExpiresAt time.Time // capped by the session's ExpiresAt
	Keep          bool      // rotation is off: the generation stays
}

// RoleStore keeps roles. The built-in ones are there from the first migration on.
type RoleStore interface {
	// Roles returns all roles by name.
	Roles(ctx context.Context) ([]domain.Role, error)
	// Role returns one role. domain.ErrRoleNotFound.
	Role(ctx context.Context, name domain.RoleName) (domain.Role, error)
	// Put adds a role or replaces description, permissions and UpdatedAt.
	Put(ctx context.Context, role domain.Role) error
	// Delete removes a role. domain.ErrRoleNotFound.
	Delete(ctx context.Context, name domain.RoleName) error
	// Permissions returns what the roles allow together; unknown ones, which a
	// user may hold, allow nothing.
	Permissions(ctx context.Context, names []domain.RoleName) (domain.Permissions, error)
}

// APIKeyStore keeps API keys; revoked ones stay for the record.
type APIKeyStore interface {
	// Insert adds a key under an ID that is new.
	Insert(ctx context.Context, key domain.APIKey) error
	// APIKey returns one key. domain.ErrAPIKeyNotFound.
	APIKey(ctx context.Context, id domain.APIKeyID) (domain.APIKey, error)
	// List returns keys by ascending ID, after page.After.
	List(ctx context.Context, page Page[domain.APIKeyID]) ([]domain.APIKey, error)
	// Revoke ends a key, and reports whether it was not yet revoked.
	// domain.ErrAPIKeyNotFound.
	Revoke(ctx context.Context, id domain.APIKeyID, now time.Time) (bool, error)
	// Touch raises LastUsedAt of each key to the time given; unknown keys do not count.
	Touch(ctx context.Context, used map[domain.APIKeyID]time.Time) error
}

// StateReader answers what an access token or an API key is worth now.
// Storage does so with one query on the primary, never on a standby.
type StateReader interface {
	// SessionState returns a session, its user and the user's permissions.
	// domain.ErrNotFound when there is no such session.
	SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error)
	// APIKeyState returns an API key. domain.ErrNotFound.
	APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error)
}

// SigningKeyStore keeps signing keys, sealed.
type SigningKeyStore interface {
	// SigningKeys returns all keys by CreatedAt.
	SigningKeys(ctx context.Context) ([]domain.SigningKey, error)
	// Put adds a key, or replaces State, StateAt, ExpiresAt and Sealed.
	Put(ctx context.Context, key domain.SigningKey) error
	// Delete removes a key. domain.ErrSigningKeyNotFound.
	Delete(ctx context.Context, id string) error
}

// MailTokenStore keeps mailed tokens, hashed.
type MailTokenStore interface {
	// Insert adds a token. domain.ErrUserNotFound.
	Insert(ctx context.Context, token domain.MailToken) error
	// MailToken returns one token. domain.ErrNotFound.
	MailToken(ctx context.Context, id domain.MailTokenID) (domain.MailToken, error)
	// Delete removes a token, and reports whether it was there: whoever deletes
	// it has used it.
	Delete(ctx context.Context, id domain.MailTokenID) (bool, error)
	// DeleteOf removes all tokens of one purpose, or of all when it is empty.
	DeleteOf(ctx context.Context, user domain.UserID, purpose domain.MailPurpose) error
	// Sweep deletes up to limit tokens that expired at or before now, and
	// returns how many.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
}

// OutboxStore keeps mails until they are sent.
type OutboxStore interface {
	// Append adds a message under an ID that is new.
	Append(ctx context.Context, message domain.Message) error
	// Due returns up to limit messages whose NextAttemptAt has come, the
	// longest overdue first.
	Due(ctx context.Context, now time.Time, limit int) ([]domain.Message, error)
	// Reschedule writes Attempts and NextAttemptAt. domain.ErrNotFound.
	Reschedule(ctx context.Context, id domain.MessageID, attempts int, next time.Time) error
	// Delete removes a message that was sent or given up; one that is gone does not count.
	Delete(ctx context.Context, id domain.MessageID) error
}

// AuditStore keeps auth events.
type AuditStore interface {
	// Append adds events, in the same transaction as the change that they
	// record. One that is there already gets the higher of both counts.
	Append(ctx context.Context, events ...domain.Event) error
	// List returns events by descending ID, after page.After.
	List(ctx context.Context, filter AuditFilter, page Page[domain.EventID]) ([]domain.Event, error)
	// Sweep deletes up to limit events of before the given time, and returns
	// how many.
	Sweep(ctx context.Context, before time.Time, limit int) (int, error)
}

// AuditFilter narrows a list of events; zero members do not count.
type AuditFilter struct {
	Subject string
	Type    domain.EventType
	Since   time.Time // at or after
	Until   time.Time // before
}

// LeaseStore lets one replica at a time do a job.
type LeaseStore interface {
	// Acquire gives the lease to holder until just before the given time, if
	// nobody else holds it at now; the holder extends it with the same call.
	Acquire(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// Release gives the lease up, if holder has it.
	Release(ctx context.Context, name, holder string) error
}

// SecretStore keeps small random keys that must outlive a rotation of the
// service's secret, sealed.
type SecretStore interface {
	// Ensure stores sealed under name unless there is one, and returns the one
	// that is there now.
	Ensure(ctx context.Context, name string, sealed []byte) ([]byte, error)
	// Secrets returns all of them by name.
	Secrets(ctx context.Context) (map[string][]byte, error)
	// Replace writes a secret sealed anew. domain.ErrNotFound.
	Replace(ctx context.Context, name string, sealed []byte) error
}

// Clock says what time it is: UTC, whole microseconds, as storage keeps it.
type Clock interface {
	Now() time.Time
}

// IDs makes identifiers: UUIDs of version 7 (RFC 9562 §5.7), canonical.
type IDs interface {
	NewID() string
}

// PasswordHasher hashes and verifies passwords. Both use a core for as long as
// the configured cost takes, and look at the context before they begin.
type PasswordHasher interface {
	// Hash returns the hash to store.
	Hash(ctx context.Context, password domain.Password) (domain.PasswordHash, error)
	// Verify does exactly one hash's work at the configured cost, whatever
	// hash it is given. The zero hash, or one that it can't read, never matches.
	Verify(ctx context.Context, hash domain.PasswordHash, password domain.Password) (Verification, error)
}

// Verification is what a password was worth.
type Verification struct {
	Match bool
	Stale bool // it matches, and should be hashed anew: another cost or scheme than today's
}

// HashingQueue runs the work of hashing, as much at once as keeps everything
// else fast, fairly between clients, and refuses what would wait too long.
type HashingQueue interface {
	// Admit returns domain.ErrOverloaded, with RetryAfter, when work that
	// queued now would wait longer than the deadline. It reserves nothing.
	Admit(ctx context.Context) error
	// Do waits for client's turn, runs work and returns when it is done.
	// It returns domain.ErrOverloaded when the turn does not come by the
	// deadline, and the context's error when that ends first; then work never ran.
	Do(ctx context.Context, client string, work func()) error
}

// TokenSigner mints tokens.
type TokenSigner interface {
	// SignAccess signs with the current signing key.
	SignAccess(ctx context.Context, claims domain.AccessClaims) (domain.AccessToken, error)
	// SignRefresh gives the same bytes for the same claims, as long as the
	// service's secret is the same.
	SignRefresh(claims domain.RefreshClaims) (domain.RefreshToken, error)
}

// TokenVerifier takes tokens for what they are, and for nothing else.
type TokenVerifier interface {
	// VerifyAccess returns an access token's claims. domain.ErrTokenType for a
	// refresh token of ours; domain.ErrTokenExpired, together with the claims, for
	// one that is merely too old; domain.ErrInvalidToken.
	VerifyAccess(ctx context.Context, token string) (*domain.AccessClaims, error)
	// VerifyRefresh returns a refresh token's claims. domain.ErrTokenType for
	// an access token of ours, domain.ErrInvalidRefreshToken for everything
	// else; one that is merely too old is also domain.ErrTokenExpired.
	VerifyRefresh(ctx context.Context, token string) (domain.RefreshClaims, error)
}

// KeySet publishes the keys that verify access tokens.
type KeySet interface {
	// JWKS returns the public keys as a JWK Set document (RFC 7517 §5), with
	// its entity tag in quotes. Keys that are shared secrets are never in it.
	JWKS(ctx context.Context) (document []byte, etag string, err error)
}

// SigningKeyMaker makes signing keys.
type SigningKeyMaker interface {
	// NewSigningKey makes a key: sealed under its id, published, not stored yet.
	// It may take as long as an RSA key takes: call it outside of transactions.
	NewSigningKey(algorithm domain.SigningAlgorithm) (domain.SigningKey, error)
}

// ErrOtherSecret says that something was sealed under a secret that this
// process does not have. Only the configuration can mend it.
var ErrOtherSecret = errors.New("sealed under another SALLYPORT_SECRET")

// Sealer encrypts what storage keeps, under a key derived from the service's secret.
type Sealer interface {
	// Seal encrypts plaintext, bound to the name of what it is.
	Seal(name string, plaintext []byte) ([]byte, error)
	// Open decrypts what Seal made under the same name, with the current or a
	// previous secret; stale says that it should be sealed anew. ErrOtherSecret.
	Open(name string, sealed []byte) (plaintext []byte, stale bool, err error)
}

// Limiter counts, over all replicas, what is limited. Keys are opaque to it.
// Every domain.ErrRateLimited carries Limit, and RetryAfter in whole seconds,
// rounded up, at least one. A limiter that keeps its counts elsewhere falls
// back to its own memory when that is gone, rather than fail: no caller goes
// without a limit.
type Limiter interface {
	// Take takes one from each budget, or from none, and returns the status of
	// the one with the least left. domain.ErrRateLimited when one has nothing
	// left.
	Take(ctx context.Context, budgets ...Budget) (domain.LimitStatus, error)
	// Look returns domain.ErrRateLimited while a budget of the attempt makes
	// it wait. It reserves nothing.
	Look(ctx context.Context, attempt Attempt) error
	// Reserve takes a possible failure from the attempt's budgets, from all or
	// from none, until Settle or for ReservationLease. False without an error
	// says that as many run as may fail, or as may run at once: ask again when
	// one of them is settled. domain.ErrRateLimited as with Look.
	Reserve(ctx context.Context, attempt Attempt) (bool, error)
	// Settle says what became of a reserved attempt. One that is reserved no
	// more counts all the same. A success ends no wait that has begun.
	Settle(ctx context.Context, attempt Attempt, outcome AttemptOutcome) error
	// Reset forgets all failures and waits of the attempt's account, from
	// every client, and makes the attempt's client known.
	Reset(ctx context.Context, attempt Attempt) error
}

// Mailer hands mails over to whoever delivers them.
type Mailer interface {
	// Send returns nil when the mail was accepted for delivery. ErrMailRefused,
	// wrapped, when it was refused for good; any other error is one that time
	// may mend. No error holds the text of the mail.
	Send(ctx context.Context, mail Mail) error
}

// Mail is a mail as a person gets it.
type Mail struct {
	ID      domain.MessageID // the same each time that it is sent again
	To      domain.Email
	Subject string        // one line
	Text    domain.Secret // plain text, lines ending in \n; it may hold a token
}

// Recorder is told of each auth event after it has happened, and never blocks
// or fails a request.
type Recorder interface {
	Record(ctx context.Context, event domain.Event)
}
