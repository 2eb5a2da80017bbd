package cli

import (
	"bytes"
	"fmt"
	"testing"
)

func TestOnlyTheHeaderIsBold(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := &headed{out: &out}
	for _, part := range []string{"ID", "  NAME\n1   ", "Ada\n", "2   Bob\n"} {
		if n, err := fmt.Fprint(h, part); n != len(part) || err != nil {
			t.Errorf("Write(%q): got %d, %v", part, n, err)
		}
	}
	if got, want := out.String(), "\x1b[1mID  NAME\x1b[0m\n1   Ada\n2   Bob\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsNoTerminalTakesNoColours(t *testing.T) {
	t.Parallel()
	if Colours(&bytes.Buffer{}) {
		t.Error("colours of a buffer: got true, want false")
	}
}
