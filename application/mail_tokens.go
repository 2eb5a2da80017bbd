package application

import (
	"context"
	"errors"
	"slices"

	"github.com/sallyport-auth/sallyport/domain"
)

// mailed is a mailed token that somebody presented, and its user.
type mailed struct {
	token domain.MailToken
	user  domain.User
}

// present looks a mailed text up and uses nothing up. Whatever is wrong with
// it, and with the account that it is of, is domain.ErrInvalidMailToken.
func present(ctx context.Context, tx Tx, clock Clock, text string, purposes ...domain.MailPurpose) (mailed, error) {
	id, secret, err := domain.ParseMailToken(text)
	if err != nil {
		return mailed{}, err
	}
	token, err := tx.MailTokens().MailToken(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return mailed{}, domain.ErrInvalidMailToken
	}
	if err != nil {
		return mailed{}, err
	}
	if !token.Opens(secret, clock.Now()) || !slices.Contains(purposes, token.Purpose) {
		return mailed{}, domain.ErrInvalidMailToken
	}
	user, err := tx.Users().User(ctx, token.UserID)
	if errors.Is(err, domain.ErrUserNotFound) {
		return mailed{}, domain.ErrInvalidMailToken
	}
	if err != nil {
		return mailed{}, err
	}
	// What was mailed to a former address proves nothing any more.
	elsewhere := token.Purpose != domain.MailChangeEmail && token.Email != user.Email
	if elsewhere || !user.Active() {
		return mailed{}, domain.ErrInvalidMailToken
	}
	return mailed{token, user}, nil
}

// use is present for whoever acts on the token in the same transaction: of
// several at once, one has used it.
func use(ctx context.Context, tx Tx, clock Clock, text string, purposes ...domain.MailPurpose) (mailed, error) {
	m, err := present(ctx, tx, clock, text, purposes...)
	if err != nil {
		return mailed{}, err
	}
	mine, err := tx.MailTokens().Delete(ctx, m.token.ID)
	if err != nil {
		return mailed{}, err
	}
	if !mine {
		return mailed{}, domain.ErrInvalidMailToken
	}
	return m, nil
}

// refuseMailed records a mailed token that was worth nothing; any other error
// passes as it is.
func refuseMailed(ctx context.Context, j Journal, tried domain.EventType, err error) error {
	if !errors.Is(err, domain.ErrInvalidMailToken) {
		return err
	}
	return j.refuse(ctx, domain.Event{Type: tried}, "invalid_mail_token", domain.ErrInvalidMailToken)
}
