package cli

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type exportUsers struct {
	File   string `arg:"" help:"Where to write, readable by its owner alone: JSON Lines (.jsonl, .ndjson, .json) or CSV (.csv); - for standard output."`
	Format string `enum:"jsonl,csv," default:"" placeholder:"FORMAT" help:"The format, jsonl or csv, when the name does not tell it."`
	JSON   bool   `help:"Print the outcome as JSON."`
}

// Help is shown below the summary.
func (*exportUsers) Help() string {
	return `It is what users import reads, with the hashes of all passwords: keep it as you keep the database.

    sallyport users export users.jsonl
    sallyport users export - | gpg --encrypt --recipient backup@example.com > users.jsonl.gpg

The file is there when it is whole. An audit event tells of each export.`
}

// Run exports.
func (cmd *exportUsers) Run(ctx context.Context, console *Console, service Service) error {
	format, err := formatOf(cmd.Format, cmd.File)
	if err != nil {
		return err
	}
	if cmd.JSON && cmd.File == standard {
		return &UsageError{"--json prints the outcome on standard output, where the users go: name a file"}
	}
	out, commit := console.Out, func() error { return nil }
	if cmd.File != standard {
		file, err := createPrivately(cmd.File)
		if err != nil {
			return err
		}
		defer file.discard()
		out, commit = file, file.commit
	}
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	shown := console.progress(-1)
	err = writeAccounts(ctx, newAccountWriter(out, format), uc.Export, shown)
	shown.end()
	if err == nil {
		err = commit()
	}
	if err != nil {
		return fmt.Errorf("export users: %w", err)
	}
	if cmd.JSON {
		return console.JSON(struct {
			Users   int     `json:"users"`
			Seconds float64 `json:"seconds"`
		}{shown.users, shown.seconds()})
	}
	console.Note("%d users in %.1f s, %.0f users/s.", shown.users, shown.seconds(), shown.rate())
	return nil
}

// writeAccounts writes all accounts, and shows how far it is.
func writeAccounts(ctx context.Context, w accountWriter, export *application.Export, shown *progress) error {
	err := export.Do(ctx, domain.Operator(), func(accounts []domain.Account) error {
		for _, account := range accounts {
			if err := w.write(recordOf(account)); err != nil {
				return err
			}
		}
		shown.at(int64(shown.users+len(accounts)), len(accounts))
		return nil
	})
	if err != nil {
		return err
	}
	return w.flush()
}
