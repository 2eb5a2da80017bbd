package jwttoken

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var (
	_ application.TokenSigner     = (*Tokens)(nil)
	_ application.TokenVerifier   = (*Tokens)(nil)
	_ application.SigningKeyMaker = (*Tokens)(nil)
)

// Tokens signs and verifies tokens. It is safe for concurrent use.
type Tokens struct {
	issuer, audience string
	clock            application.Clock
	secrets          secretKeys
	ring             *ring
}

// New returns tokens whose signing keys are kept in store, sealed by sealer
// under their ids. It asks storage nothing yet. The error names the setting
// that is wrong.
func New(cfg Config, store application.Store, sealer application.Sealer, clock application.Clock, options ...Option) (*Tokens, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	secrets, err := newSecretKeys(cfg)
	if err != nil {
		return nil, err
	}
	t := &Tokens{
		issuer: cfg.Issuer, audience: cfg.Audience, clock: clock, secrets: secrets,
		ring: &ring{
			store: store, sealer: sealer, clock: clock, remember: cfg.Remember,
			policy: domain.KeyPolicy{Algorithm: cfg.Algorithm}, change: unrecorded(store),
		},
	}
	for _, option := range options {
		option(t.ring)
	}
	return t, nil
}

// Option is something that tokens can do without.
type Option func(*ring)

// WithFreshness makes the keys be read from storage again, at most once a
// second, while nobody can say that a withdrawal would have been heard of.
// Without it, keys are believed until Changed or Reload.
func WithFreshness(freshness application.Freshness) Option {
	return func(r *ring) { r.freshness = freshness }
}

// WithJournal makes the first key of all leave its audit row.
func WithJournal(journal application.Journal) Option {
	return func(r *ring) { r.change = journal.Change }
}

// SignAccess signs with the newest signing key of the configured algorithm,
// and while there is none with the newest of another: a change of the algorithm
// is a rotation. domain.ErrUnavailable when the keys are not known and storage
// does not answer.
func (t *Tokens) SignAccess(ctx context.Context, claims domain.AccessClaims) (domain.AccessToken, error) {
	set, err := t.ring.keys(ctx)
	if err != nil {
		return domain.AccessToken{}, err
	}
	if set.signer == nil {
		return domain.AccessToken{}, errors.New("sign access token: no signing key can be opened")
	}
	payload, err := t.encodeAccess(&claims)
	if err != nil {
		return domain.AccessToken{}, fmt.Errorf("sign access token: %w", err)
	}
	token, err := set.signer.sign(payload)
	if err != nil {
		return domain.AccessToken{}, fmt.Errorf("sign access token: %w", err)
	}
	return domain.AccessToken{Secret: domain.NewSecret(token)}, nil
}

// SignRefresh signs with the current secret. Times are cut to whole seconds.
func (t *Tokens) SignRefresh(claims domain.RefreshClaims) (domain.RefreshToken, error) {
	payload, err := t.encodeRefresh(claims)
	if err != nil {
		return domain.RefreshToken{}, fmt.Errorf("sign refresh token: %w", err)
	}
	token, err := t.secrets.current.sign(payload)
	if err != nil {
		return domain.RefreshToken{}, fmt.Errorf("sign refresh token: %w", err)
	}
	return domain.RefreshToken{Secret: domain.NewSecret(token)}, nil
}

// Changed says what changed in storage. From then on no key is believed that
// was read before, if one may be other than it was. It does not wait.
func (t *Tokens) Changed(changes ...application.Change) {
	for _, c := range changes {
		if c.Kind == application.ChangedSigningKey || c.Kind == application.ChangedEverything {
			t.ring.changes.Add(1)
		}
	}
}

// Reload brings the keys up to what storage has now, where Changed leaves that
// to whoever needs a key next. Keys that can't be opened are in the error,
// after all others are in force; but the first load puts none in force then.
func (t *Tokens) Reload(ctx context.Context) error { return t.ring.reload(ctx) }

// JWKS returns the public keys of all that is published, signing or retiring
// (RFC 7517 §5), and an entity tag. The document is shared: don't change it.
func (t *Tokens) JWKS(ctx context.Context) (document []byte, etag string, err error) {
	set, err := t.ring.keys(ctx)
	if err != nil {
		// A set that others may keep for minutes is not what ends trust in a key.
		if set = t.ring.current.Load(); set == nil {
			return nil, "", err
		}
	}
	return set.jwks, set.etag, nil
}

// NewSigningKey makes a key for a rotation: sealed under its id, published,
// and not stored yet.
func (t *Tokens) NewSigningKey(algorithm domain.SigningAlgorithm) (domain.SigningKey, error) {
	key, err := t.ring.newKey(algorithm)
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("make %s signing key: %w", algorithm, err)
	}
	return key, nil
}
