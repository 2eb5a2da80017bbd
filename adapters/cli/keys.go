package cli

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Keys is the commands about signing keys. Running servers follow at once.
type Keys struct {
	Rotate rotateKeys       `cmd:"" help:"Publish a new signing key; it signs once every copy of the key set has it."`
	List   listSigningKeys  `cmd:"" help:"List all signing keys by age."`
	Revoke revokeSigningKey `cmd:"" help:"Withdraw a signing key at once, with every token that it signed: for emergencies."`
	Rewrap rewrapKeys       `cmd:"" help:"Encrypt what is stored under a new SALLYPORT_SECRET."`
}

type rotateKeys struct {
	JSON bool `help:"Print the new key as JSON."`
}

// Run publishes a key.
func (cmd *rotateKeys) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	key, err := uc.Keys.Rotate(ctx, domain.Operator())
	if err != nil {
		return err
	}
	if cmd.JSON {
		return console.JSON(shownSigningKey(key))
	}
	if key.State == domain.KeyPublished {
		console.Note("The key is published now, and signs from %s on.", instant(key.StateAt.Add(domain.KeyPublication)))
	} else {
		console.Note("The key signs from now on.")
	}
	return console.Print("%s", key.ID)
}

type listSigningKeys struct {
	JSON bool `help:"Print a JSON array, one key a line."`
}

// Run lists the keys.
func (cmd *listSigningKeys) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	keys, err := uc.Keys.List(ctx)
	if err != nil {
		return err
	}
	l := console.list(cmd.JSON, "KID", "ALGORITHM", "STATE", "SINCE", "UNTIL", "CREATED")
	for _, k := range keys {
		shown := shownSigningKey(k)
		until := instant(k.ExpiresAt)
		if shown.SignsAt != nil {
			until = instant(*shown.SignsAt)
		}
		err := l.add(shown, k.ID, string(k.Algorithm), string(k.State), instant(k.StateAt), until, instant(k.CreatedAt))
		if err != nil {
			return err
		}
	}
	return l.end()
}

type revokeSigningKey struct {
	KID  string `arg:"" name:"kid" help:"The key's id, as keys list shows it."`
	JSON bool   `help:"Print all keys as they are then as JSON."`
}

// Run withdraws the key.
func (cmd *revokeSigningKey) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	err = uc.Keys.Revoke(ctx, domain.Operator(), cmd.KID)
	if errors.Is(err, domain.ErrSigningKeyNotFound) {
		return errors.New("there is no signing key of that id; `sallyport keys list` shows which there are")
	}
	if err != nil {
		return err
	}
	console.Note("Signing key %s is withdrawn. Sessions go on: their next refresh gets a token of another key.", cmd.KID)
	if cmd.JSON {
		return (&listSigningKeys{JSON: true}).Run(ctx, console, service)
	}
	return nil
}

type rewrapKeys struct {
	JSON bool `help:"Print how much was encrypted anew as JSON."`
}

// Help is shown below the summary.
func (*rewrapKeys) Help() string {
	return `A new secret without logging anyone out:

    1. SALLYPORT_SECRET_PREVIOUS=new on every server, one after the other
    2. SALLYPORT_SECRET=new and SALLYPORT_SECRET_PREVIOUS=old on every server
    3. sallyport keys rewrap; when SALLYPORT_SESSION_TTL has passed, drop SALLYPORT_SECRET_PREVIOUS`
}

// Run encrypts everything that is not yet under the current secret.
func (cmd *rewrapKeys) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	count, err := uc.Rewrap.Do(ctx, domain.Operator())
	if err != nil {
		return err
	}
	if cmd.JSON {
		return console.JSON(struct {
			Rewrapped int `json:"rewrapped"`
		}{count})
	}
	console.Note("Encrypted anew: %d. Everything is under the current secret.", count)
	return nil
}

type signingKeyJSON struct {
	KID       string                  `json:"kid"`
	Algorithm domain.SigningAlgorithm `json:"algorithm"`
	State     domain.SigningKeyState  `json:"state"`
	CreatedAt time.Time               `json:"created_at"`
	StateAt   time.Time               `json:"state_at"`
	SignsAt   *time.Time              `json:"signs_at"`   // of a published key, at the earliest
	ExpiresAt *time.Time              `json:"expires_at"` // of a retiring key
}

func shownSigningKey(k domain.SigningKey) signingKeyJSON {
	shown := signingKeyJSON{
		KID: k.ID, Algorithm: k.Algorithm, State: k.State,
		CreatedAt: k.CreatedAt, StateAt: k.StateAt, ExpiresAt: orNull(k.ExpiresAt),
	}
	if k.State == domain.KeyPublished {
		shown.SignsAt = orNull(k.StateAt.Add(domain.KeyPublication))
	}
	return shown
}
