package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// shownRefusals is how many refused lines are told on standard error.
const shownRefusals = 20

// refusals tells which lines were refused, and why: the first on standard
// error, all of them in a report. What a line holds is in neither.
type refusals struct {
	console *Console
	count   int
	file    *os.File // nil: there is no report
	report  *bufio.Writer
}

// newRefusals makes the report, unless name is empty.
func newRefusals(console *Console, name string) (*refusals, error) {
	r := &refusals{console: console}
	if name == "" {
		return r, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &UsageError{err.Error()}
	}
	r.file, r.report = file, bufio.NewWriter(file)
	return r, nil
}

type refusalJSON struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// add tells of some lines. An error means that the report can't be written.
func (r *refusals) add(refused []application.RefusedUser) error {
	for _, line := range refused {
		r.count++
		why := reason(line.Err)
		switch {
		case r.count <= shownRefusals:
			r.console.Note("line %d: %s", line.Line, why)
		case r.count == shownRefusals+1 && r.report == nil:
			r.console.Note("… more lines are refused; --report FILE lists them all")
		case r.count == shownRefusals+1:
			r.console.Note("… more lines are refused; %s lists them all", r.file.Name())
		}
		if r.report == nil {
			continue
		}
		text, err := json.Marshal(refusalJSON{line.Line, why})
		if err == nil {
			_, err = r.report.Write(append(text, '\n'))
		}
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}

func (r *refusals) close() error {
	if r.report == nil {
		return nil
	}
	if err := errors.Join(r.report.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// reason returns the broken rules alone.
func reason(err error) string {
	var invalid *domain.Error
	if !errors.As(err, &invalid) || len(invalid.Fields) == 0 {
		return err.Error()
	}
	rules := make([]string, len(invalid.Fields))
	for i, f := range invalid.Fields {
		rules[i] = f.Field + ": " + f.Detail
	}
	return strings.Join(rules, "; ")
}
