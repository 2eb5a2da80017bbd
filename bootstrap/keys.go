package bootstrap

import (
	"context"
	"errors"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// maxAccessTokenTTL bounds the setting. A key that signs no more is kept for
// so long, whatever the setting is by then: its tokens were made under an
// earlier one.
const maxAccessTokenTTL = time.Hour

// keyLife provides the life of the signing keys, and of the secret that they
// are sealed under.
var keyLife = fx.Provide(
	newRewrap,
	newKeys,
	fx.Annotate(newKeysJob, fx.ResultTags(`group:"jobs"`)),
)

func newRewrap(s Secrets, j application.Journal, sealer application.Sealer) *application.Rewrap {
	rewrap := &application.Rewrap{Journal: j, Sealer: sealer, Secret: s.Current.Name()}
	if !s.Previous.IsZero() {
		rewrap.Previous = s.Previous.Name()
	}
	return rewrap
}

func newKeys(c *Configuration, j application.Journal, maker application.SigningKeyMaker, sealed *application.Rewrap) *application.Keys {
	return &application.Keys{Journal: j, Maker: maker, Sealed: sealed, Policy: domain.KeyPolicy{
		Algorithm: domain.SigningAlgorithm(c.SigningAlg), Access: maxAccessTokenTTL, MaxAge: c.KeyMaxAge,
	}}
}

func newKeysJob(keys *application.Keys) application.Job {
	return application.Job{Name: "signing-keys", Every: application.KeysEvery, Run: keys.Run}
}

// beginUnder refuses to serve under a secret that can't open what is stored. A
// database that does not answer now is asked when a key is needed.
func beginUnder(ctx context.Context, rewrap *application.Rewrap, log *zap.Logger) error {
	err := rewrap.Begin(ctx)
	if err == nil || errors.Is(err, application.ErrOtherSecret) {
		return err
	}
	log.Warn("it is not known whether this secret opens what is stored", zap.Error(err))
	return nil
}

// oauth provides the use cases that only the OAuth 2.0 endpoints have.
var oauth = fx.Provide(
	func(j application.Journal, g application.Grants, a *application.Authorize) *application.ClientCredentials {
		return &application.ClientCredentials{Journal: j, Grants: g, Authorize: a}
	},
	func(c *Configuration, g application.Grants, a *application.Authorize) *application.Introspect {
		return &application.Introspect{Authorize: a, Grants: g, Issuer: c.Issuer, Audience: c.Audience}
	},
	func(l *application.Logout) *application.RevokeToken { return &application.RevokeToken{Logout: l} },
)
