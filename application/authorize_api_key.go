package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// APIKey returns the principal of a presented API key, or
// domain.ErrInvalidAPIKey: one answer for a typo, a wrong, an expired and a
// revoked key; domain.ErrRateLimited after too many of them. A typo costs no
// query.
func (uc *Authorize) APIKey(ctx context.Context, presented string) (domain.Principal, error) {
	key, err := uc.presentedKey(ctx, presented)
	if err != nil {
		return domain.Principal{}, err
	}
	return key.Service(), nil
}

// Client returns the API key of a client that proved itself. The errors are
// those of APIKey.
func (uc *Authorize) Client(ctx context.Context, client Client) (*domain.APIKey, error) {
	presented := client.Secret.Reveal()
	if id, _, err := domain.ParseAPIKey(presented); err != nil || string(id) != client.ID {
		presented = "" // somebody else's key proves nothing: refused, counted and recorded as no key at all
	}
	return uc.presentedKey(ctx, presented)
}

func (uc *Authorize) presentedKey(ctx context.Context, presented string) (*domain.APIKey, error) {
	if err := uc.Throttle.apiKey(ctx); err != nil {
		return nil, uc.Journal.limited(ctx, err)
	}
	id, secret, err := domain.ParseAPIKey(presented)
	if err != nil {
		return nil, uc.refuseKey(ctx, "", "malformed")
	}
	key, err := uc.State.APIKeyState(ctx, id)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return nil, uc.refuseKey(ctx, "", "unknown_key")
	case err != nil:
		return nil, fmt.Errorf("read state of API key %s: %w", id, err)
	}
	now := uc.Journal.Clock.Now()
	if err := key.Prove(secret, now); err != nil {
		return nil, uc.refuseKey(ctx, id, "wrong_or_over")
	}
	uc.LastUsed.note(id, now)
	return key, nil
}

// refuseKey counts and records a refused key.
func (uc *Authorize) refuseKey(ctx context.Context, id domain.APIKeyID, reason string) error {
	if err := uc.Throttle.apiKeyFailed(ctx); err != nil {
		return uc.Journal.limited(ctx, err)
	}
	event := domain.Event{Type: domain.APIKeyRefused, Subject: string(id)}
	return uc.Journal.refuse(ctx, event, reason, domain.ErrInvalidAPIKey)
}
