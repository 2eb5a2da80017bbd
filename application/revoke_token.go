package application

import (
	"context"
	"errors"

	"github.com/sallyport-auth/sallyport/domain"
)

// RevokeToken ends what a token stands for (RFC 7009): possession is enough.
type RevokeToken struct {
	Logout *Logout
}

// Do ends the session of a refresh or an access token. A token that is worth
// nothing already, or that was never ours, is no error: its holder can't use it
// (RFC 7009 §2.2). Nor is a service's: it is over when its key is.
func (uc *RevokeToken) Do(ctx context.Context, token string) error {
	err := uc.Logout.ByRefreshToken(ctx, token)
	if errors.Is(err, domain.ErrTokenType) {
		err = uc.Logout.ByAccessToken(ctx, token)
	}
	if isUnauthenticated(err) {
		return nil
	}
	return err
}
