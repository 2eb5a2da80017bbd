package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestALineOfCSVIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOf(rapid.SampledFrom([]rune(`ab",; ß`)))
		cells := rapid.SliceOfN(cell, 2, 6).Draw(t, "cells")
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		_ = w.Write(cells) // into memory
		w.Flush()
		got, err := splitCSV(strings.TrimSuffix(text.String(), "\n"))
		if err != nil || !slices.Equal(got, cells) {
			t.Errorf("%q: got %q, %v, want %q", text.String(), got, err, cells)
		}
	})
}

func TestAQuoteInTheWrongPlaceSpoilsItsLine(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`"`, `"a`, `a,"b`, `a"b`, `"a"b`, `"a" ,b`, `"""`, `a,""",`} {
		if got, err := splitCSV(line); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%q: got %q, %v, want an error", line, got, err)
		}
	}
	for line, want := range map[string]int{``: 1, `,`: 2, `a,`: 2, `""`: 1, `"","a""b"`: 2} {
		if got, err := splitCSV(line); err != nil || len(got) != want {
			t.Errorf("%q: got %q, %v, want %d cells", line, got, err, want)
		}
	}
}

// endless is a file that goes on for ever without a line end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestLinesAreCountedAndBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLineBytes)
	text := "\ufeff{\"email\":\"a@example.com\"}\r\n\n   \n" + long + "\n{\"email\":\"b@example.com\"}\n" + long + long + long + "\n{\"email\":\"c@example.com\"}"
	r, err := newAccountReader(strings.NewReader(text), formatJSONL)
	if err != nil {
		t.Fatal(err)
	}
	var good, bad []int
	for {
		batch := r.batch(2)
		for _, user := range batch.users {
			good = append(good, user.Line)
		}
		for _, refused := range batch.refused {
			bad = append(bad, refused.Line)
		}
		if batch.err != nil {
			if !errors.Is(batch.err, io.EOF) || batch.read != int64(len(text)) {
				t.Errorf("the end: got %v after %d bytes, want EOF after %d", batch.err, batch.read, len(text))
			}
			break
		}
	}
	if !slices.Equal(good, []int{1, 5, 7}) || !slices.Equal(bad, []int{4, 6}) {
		t.Errorf("got good lines %v and bad lines %v, want [1 5 7] and [4 6]", good, bad)
	}
	broken := errors.New("the disk is gone")
	r, err = newAccountReader(io.MultiReader(io.LimitReader(endless{}, 10<<20), failing{broken}), formatJSONL)
	if err != nil {
		t.Fatal(err)
	}
	if batch := r.batch(2); !errors.Is(batch.err, broken) || len(batch.refused) != 0 {
		t.Errorf("a line that does not end: got %+v, want %v", batch, broken)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestManyRefusedLinesAreToldInPart(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "report.jsonl")
	for _, report := range []string{"", name} {
		var errs bytes.Buffer
		r, err := newRefusals(&Console{Err: &errs}, report, "")
		if err != nil {
			t.Fatal(err)
		}
		reader, err := newAccountReader(strings.NewReader(strings.Repeat("nonsense\n", 1000)), formatJSONL)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.add(reader.batch(1000).refused), r.close()); err != nil || r.count != 1000 {
			t.Errorf("got %d refused, %v, want 1000", r.count, err)
		}
		if got := strings.Count(errs.String(), "\n"); got != shownRefusals+1 {
			t.Errorf("standard error: got %d lines, want %d", got, shownRefusals+1)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil || strings.Count(string(text), "\n") != 1000 || !strings.HasPrefix(string(text), `{"line":1,"reason":"line: is not valid JSON"}`) {
		t.Errorf("report: got %d lines beginning with %.60q, %v, want 1000", strings.Count(string(text), "\n"), text, err)
	}
}
