package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// APIKeys is the commands about API keys.
type APIKeys struct {
	Create createAPIKey `cmd:"" help:"Make a key and print it: it is shown once."`
	List   listAPIKeys  `cmd:"" help:"List all keys, also those that are over."`
	Revoke revokeAPIKey `cmd:"" help:"End a key, from the next request on."`
}

type createAPIKey struct {
	Name       string       `arg:"" help:"What tells this key from others, such as the service that has it."`
	Permission []permission `sep:"none" placeholder:"PERMISSION" help:"What the key may do, as resource:action; may be given several times."`
	ExpiresIn  lifetime     `placeholder:"DURATION" help:"How long the key is good, such as 90d or 12h. Without it: until it is revoked."`
	JSON       bool         `help:"Print the key with all that is known of it as JSON."`
}

// Help is shown below the summary.
func (*createAPIKey) Help() string {
	return `    sallyport apikeys create reports --permission reports:read --expires-in 90d

Standard output is the key alone, so that a script can keep it:

    KEY=$(sallyport apikeys create gateway --permission tokens:introspect)

A service sends it as X-API-Key.`
}

// Run makes the key.
func (cmd *createAPIKey) Run(ctx context.Context, console *Console, service Service) error {
	name, err := domain.ParseName("name", cmd.Name)
	if err != nil {
		return &UsageError{err.Error()}
	}
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	wanted := make([]domain.Permission, len(cmd.Permission))
	for i, p := range cmd.Permission {
		wanted[i] = domain.Permission(p)
	}
	asked := application.NewAPIKey{Name: name, Permissions: domain.NewPermissions(wanted...)}
	if cmd.ExpiresIn > 0 {
		asked.ExpiresAt = uc.Clock.Now().Add(time.Duration(cmd.ExpiresIn))
	}
	key, text, err := uc.APIKeys.Create(ctx, domain.Operator(), asked)
	if err != nil {
		return err
	}
	if cmd.JSON {
		shown := shownKey(key)
		shown.Key = text.Reveal()
		return console.JSON(shown)
	}
	console.Note("API key %s (%s) is shown this once: keep it now.", key.ID, key.Name)
	return console.Print("%s", text.Reveal())
}

type listAPIKeys struct {
	JSON bool `help:"Print a JSON array, one key a line."`
}

// Run lists the keys, page by page.
func (cmd *listAPIKeys) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	l := console.list(cmd.JSON, "ID", "NAME", "PERMISSIONS", "STATUS", "EXPIRES", "LAST USED", "CREATED BY")
	page := application.Page[domain.APIKeyID]{Limit: pageSize}
	for {
		keys, err := uc.APIKeys.List(ctx, page)
		if err != nil {
			return err
		}
		for _, k := range keys {
			err := l.add(shownKey(k), string(k.ID), k.Name, permissionList(k.Permissions), keyStatus(k, uc.Clock.Now()),
				instant(k.ExpiresAt), instant(k.LastUsedAt), k.CreatedBy)
			if err != nil {
				return err
			}
			page.After = k.ID
		}
		if len(keys) < pageSize {
			return l.end()
		}
		if err := l.flush(); err != nil {
			return err
		}
	}
}

type revokeAPIKey struct {
	ID   string `arg:"" help:"The key's id, as apikeys list shows it: the part between sp_ and the next underscore."`
	JSON bool   `help:"Print the key's id as JSON."`
}

// Run revokes the key.
func (cmd *revokeAPIKey) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	id, err := domain.ParseID[domain.APIKeyID](cmd.ID)
	if err == nil {
		err = uc.APIKeys.Revoke(ctx, domain.Operator(), id)
	}
	if errors.Is(err, domain.ErrAPIKeyNotFound) {
		return fmt.Errorf("there is no API key of that id; `sallyport apikeys list` shows which there are")
	}
	if err != nil {
		return err
	}
	if cmd.JSON {
		return console.JSON(struct {
			ID domain.APIKeyID `json:"id"`
		}{id})
	}
	console.Note("API key %s is revoked.", id)
	return nil
}

func keyStatus(k domain.APIKey, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked"
	case !k.Active(now):
		return "expired"
	}
	return "active"
}

func permissionList(permissions domain.Permissions) string {
	if len(permissions) == 0 {
		return "none"
	}
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = string(p)
	}
	return strings.Join(names, ",")
}
