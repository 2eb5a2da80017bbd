package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"golang.org/x/term"

	"github.com/sallyport-auth/sallyport/domain"
)

// Console is where a command reads and writes.
type Console struct {
	In  io.Reader
	Out io.Writer // data
	Err io.Writer // everything else
}

// Note tells a person something that is no data.
func (c *Console) Note(format string, args ...any) {
	_, _ = fmt.Fprintf(c.Err, format+"\n", args...)
}

// Print writes one line of data.
func (c *Console) Print(format string, args ...any) error {
	_, err := fmt.Fprintf(c.Out, format+"\n", args...)
	return err
}

// JSON writes v as one indented JSON document.
func (c *Console) JSON(v any) error {
	encoder := json.NewEncoder(c.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// list is a listing that is written while it is read, so that a million rows
// take no memory: a JSON array with one item a line, or a table.
type list struct {
	table *tabwriter.Writer
	json  *bufio.Writer // nil: a table
	count int
}

func (c *Console) list(asJSON bool, header ...string) *list {
	if asJSON {
		return &list{json: bufio.NewWriter(c.Out)}
	}
	out := c.Out
	if Colours(out) {
		out = &headed{out: out}
	}
	l := &list{table: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	l.row(header)
	return l
}

// add writes one item: as JSON, or the cells of its row.
func (l *list) add(item any, cells ...string) error {
	l.count++
	if l.json == nil {
		l.row(cells)
		return nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(item); err != nil {
		return err
	}
	before := ",\n"
	if l.count == 1 {
		before = "[\n"
	}
	_, err := l.json.WriteString(before + strings.TrimSuffix(text.String(), "\n"))
	return err
}

func (l *list) row(cells []string) {
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	_, _ = fmt.Fprintln(l.table, strings.Join(cells, "\t")) // flush says what went wrong
}

// flush writes a page out; the columns of the next may have another width.
func (l *list) flush() error {
	if l.json != nil {
		return l.json.Flush()
	}
	return l.table.Flush()
}

func (l *list) end() error {
	if l.json != nil {
		text := "\n]\n"
		if l.count == 0 {
			text = "[]\n"
		}
		_, _ = l.json.WriteString(text) // flush says what went wrong
	}
	return l.flush()
}

// printable shows control characters as their escapes: names come from people,
// and a terminal obeys what it is sent.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(fmt.Sprintf("%+q", r), "'"))
		}
	}
	return b.String()
}

var errNoTerminal = &UsageError{"there is no terminal to ask for a password: give it on standard input with --password-stdin"}

// errInterrupted is the end of a command that was told to stop while it waited.
var errInterrupted = errors.New("interrupted; nothing was changed")

// password reads a new password: from standard input, less one trailing
// newline, or from a terminal, twice and without echo. It waits no longer than
// ctx does.
func (c *Console) password(ctx context.Context, fromInput bool) (domain.Password, error) {
	if fromInput {
		text, err := interruptible(ctx, func() ([]byte, error) {
			// One byte more than the longest password with its newline tells too long from just fits.
			return io.ReadAll(io.LimitReader(c.In, domain.MaxPasswordBytes+3))
		})
		if errors.Is(err, errInterrupted) {
			return domain.Password{}, err
		}
		if err != nil {
			return domain.Password{}, fmt.Errorf("read the password from standard input: %w", err)
		}
		return chosen(withoutNewline(text))
	}
	terminal, ok := c.In.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return domain.Password{}, errNoTerminal
	}
	first, err := c.ask(ctx, terminal, "Password: ")
	if err != nil {
		return domain.Password{}, err
	}
	again, err := c.ask(ctx, terminal, "Again: ")
	if err != nil {
		return domain.Password{}, err
	}
	if first != again {
		return domain.Password{}, errors.New("the two passwords differ; nothing was changed")
	}
	return chosen(first)
}

// chosen refuses the empty password: a use case would take it for none at all.
func chosen(text string) (domain.Password, error) {
	if text == "" {
		return domain.Password{}, domain.Invalid("password", "must not be empty")
	}
	return domain.ParsePassword("password", text)
}

// interruptible returns what read does, or errInterrupted when ctx ends first.
// Then read is left behind: nothing ends a read of a terminal or a pipe but the
// end of the process.
func interruptible[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := read()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, errInterrupted
	}
}

func (c *Console) ask(ctx context.Context, terminal *os.File, prompt string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("look at the terminal: %w", err)
	}
	_, _ = fmt.Fprint(c.Err, prompt)
	text, err := interruptible(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	_, _ = fmt.Fprintln(c.Err)
	if errors.Is(err, errInterrupted) {
		_ = term.Restore(fd, before) // the reader left behind will not turn the echo on again
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("read the password from the terminal: %w", err)
	}
	return string(text), nil
}

// withoutNewline drops exactly one line end: a password may end in another.
func withoutNewline(text []byte) string {
	s := string(text)
	if rest, ok := strings.CutSuffix(s, "\r\n"); ok {
		return rest
	}
	return strings.TrimSuffix(s, "\n")
}
