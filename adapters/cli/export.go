package cli

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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
	if info, err := os.Lstat(cmd.File); err == nil && cmd.File != standard && !info.Mode().IsRegular() {
		return &UsageError{cmd.File + " is there, and not a file that could be replaced"}
	}
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	shown := console.progress(-1)
	write := func(out io.Writer) error {
		w := newAccountWriter(out, format)
		err := uc.Export.Do(ctx, domain.Operator(), func(accounts []domain.Account) error {
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
	if cmd.File == standard {
		err = write(console.Out)
	} else {
		err = writePrivately(cmd.File, write)
	}
	shown.end()
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

// writePrivately makes a file that its owner alone can read, or replaces one,
// when everything is in it.
func writePrivately(name string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	if errors.Is(err, fs.ErrNotExist) {
		return &UsageError{"the folder of " + name + " is not there"}
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// accountWriter writes accounts, line by line.
type accountWriter struct {
	write func(accountRecord) error
	flush func() error
}

func newAccountWriter(out io.Writer, format string) accountWriter {
	if format == formatCSV {
		w := csv.NewWriter(out)
		err := w.Write(accountColumns)
		return accountWriter{
			write: func(r accountRecord) error { return errors.Join(err, w.Write(r.cells())) },
			flush: func() error {
				w.Flush()
				return errors.Join(err, w.Error())
			},
		}
	}
	buffer := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	return accountWriter{
		write: func(r accountRecord) error { return encoder.Encode(r) },
		flush: buffer.Flush,
	}
}
