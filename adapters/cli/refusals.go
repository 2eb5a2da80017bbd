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
	file    *privateFile // nil: there is no report
	report  *bufio.Writer
}

// newRefusals begins the report, unless name is empty. A UsageError when it
// would take the place of the file that is imported.
func newRefusals(console *Console, name, imported string) (*refusals, error) {
	r := &refusals{console: console}
	if name == "" {
		return r, nil
	}
	there, err := os.Stat(name)
	input, inputErr := console.stat(imported)
	if err == nil && inputErr == nil && os.SameFile(there, input) {
		return nil, &UsageError{"the report would take the place of what is imported: name another file"}
	}
	if r.file, err = createPrivately(name); err != nil {
		return nil, err
	}
	r.report = bufio.NewWriter(r.file)
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
			r.console.Note("… more lines are refused; %s will list them all", r.file.name)
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
	if err := errors.Join(r.report.Flush(), r.file.commit()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// discard removes a report that was never closed.
func (r *refusals) discard() {
	if r.file != nil {
		r.file.discard()
	}
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
