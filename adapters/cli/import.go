package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type importUsers struct {
	File   string `arg:"" help:"What to read: JSON Lines (.jsonl, .ndjson, .json) or CSV (.csv); - for standard input."`
	Format string `enum:"jsonl,csv," default:"" placeholder:"FORMAT" help:"The format, jsonl or csv, when the name does not tell it."`
	DryRun bool   `help:"Check everything and change nothing. An address that stands in the file twice, far apart, is seen only by the import itself."`
	Report string `placeholder:"FILE" help:"Write all refused lines to a file, as JSON Lines of line and reason."`
	JSON   bool   `help:"Print the outcome as JSON."`
}

// Help is shown below the summary.
func (*importUsers) Help() string {
	return `Each line is a user. Members, or columns of CSV by the names in its first line:

    email           the address to log in with; the only one that must be there
    password_hash   bcrypt ($2a$, $2b$, $2y$) of cost 4 to 16, kept as it is; none: no login until a reset
    name            what to call the person
    roles           names of roles that exist; in CSV separated by spaces, - for none at all; absent: user
    is_active       true or false; absent: true
    email_verified  true or false; absent: false
    created_at      RFC 3339; absent: now

    {"email":"ada@example.com","password_hash":"$2y$10$…","roles":["user"],"created_at":"2019-05-01T08:00:00Z"}

A bad line is told with its number and reason, the rest goes in, and the exit code is 1. A user whose address is there
already is skipped and stays as they are: after an interruption, run the same command again.`
}

// Run imports.
func (cmd *importUsers) Run(ctx context.Context, console *Console, service Service) (err error) {
	format, err := formatOf(cmd.Format, cmd.File)
	if err != nil {
		return err
	}
	file, size, err := console.openAccounts(cmd.File)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	reader, err := interruptible(ctx, func() (*accountReader, error) { return newAccountReader(file, format) })
	if err != nil {
		return err
	}
	refused, err := newRefusals(console, cmd.Report, cmd.File)
	if err != nil {
		return err
	}
	defer refused.discard()
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	run := importRun{uc: uc.Import, dry: cmd.DryRun, refused: refused, progress: console.progress(size), pause: 250 * time.Millisecond}
	err = run.all(ctx, reader)
	run.progress.end()
	if closed := refused.close(); err == nil {
		err = closed
	}
	if printed := cmd.tell(console, &run); err == nil {
		err = printed
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after line %d: run the same command again, it goes on where it was", run.line)
	case err != nil:
		return fmt.Errorf("stopped after line %d (the same command, run again, goes on there): %w", run.line, err)
	case refused.count > 0:
		return fmt.Errorf("refused lines: %d", refused.count)
	}
	return nil
}

type importedJSON struct {
	DryRun  bool    `json:"dry_run"`
	Lines   int     `json:"lines"`
	Added   int     `json:"added"`
	Present int     `json:"present"` // skipped, untouched
	Refused int     `json:"refused"`
	Seconds float64 `json:"seconds"`
}

func (cmd *importUsers) tell(console *Console, run *importRun) error {
	if cmd.JSON {
		return console.JSON(importedJSON{run.dry, run.line, run.added, run.present, run.refused.count, run.progress.seconds()})
	}
	added := "added"
	if run.dry {
		added = "would be added (a dry run: nothing was changed)"
	}
	console.Note("%d %s; %d there already, left as they are; %d refused. %d lines in %.1f s, %.0f users/s.",
		run.added, added, run.present, run.refused.count, run.line, run.progress.seconds(), run.progress.rate())
	return nil
}

// importRun is one import on its way.
type importRun struct {
	uc       *application.Import
	dry      bool
	refused  *refusals
	progress *progress
	pause    time.Duration // before a batch is tried again, the first time

	line           int // the last that is done
	added, present int
}

// all imports everything that reader has. One batch is read while the one
// before it is stored, and no more than three are in memory.
func (run *importRun) all(ctx context.Context, reader *accountReader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan accountBatch, 1)
	go func() {
		for {
			batch := reader.batch(application.ImportBatch)
			select {
			case batches <- batch:
			case <-ctx.Done():
				return
			}
			if batch.err != nil {
				return
			}
		}
	}()
	for {
		var batch accountBatch
		select {
		case batch = <-batches:
		case <-ctx.Done(): // whoever types the lines may never send another
			return ctx.Err()
		}
		if err := run.one(ctx, batch); err != nil {
			return err
		}
		switch {
		case batch.err == nil:
		case !errors.Is(batch.err, io.EOF):
			return fmt.Errorf("read the file: %w", batch.err)
		case run.dry:
			return nil
		default:
			_ = run.uc.Done(ctx) // everything is in; a database that looks later plans well a little later
			return nil
		}
	}
}

// patience is how often a batch is tried while storage does not answer in time,
// each time after a longer pause, beginning with a quarter of a second.
const patience = 7

// store imports one batch. It may be tried again whatever became of it: what
// was added by then is there already.
func (run *importRun) store(ctx context.Context, users []application.ImportedUser) (application.ImportResult, error) {
	for attempt := 1; ; attempt++ {
		result, err := run.uc.Batch(ctx, domain.Operator(), users, run.dry)
		if attempt == patience || !errors.Is(err, domain.ErrUnavailable) {
			return result, err
		}
		select {
		case <-time.After(run.pause << (attempt - 1)):
		case <-ctx.Done():
			return result, ctx.Err()
		}
	}
}

func (run *importRun) one(ctx context.Context, batch accountBatch) error {
	result, err := run.store(ctx, batch.users)
	if err != nil {
		return err
	}
	if refused := slices.Concat(batch.refused, result.Refused); len(refused) > 0 {
		slices.SortFunc(refused, func(a, b application.RefusedUser) int { return cmp.Compare(a.Line, b.Line) })
		run.progress.aside()
		if err := run.refused.add(refused); err != nil {
			return err
		}
	}
	run.added += result.Added
	run.present += result.Present
	run.line = batch.line
	run.progress.at(batch.read, len(batch.users))
	return nil
}
