package cli

import (
	"bytes"
	"io"
	"os"
)

// Colours reports whether a stream takes them: it is a terminal, and nobody
// asked for none (no-color.org).
func Colours(stream any) bool {
	return isTerminal(stream) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// headed shows the first line in bold: the header of a table, whose columns
// are aligned by then.
type headed struct {
	out  io.Writer
	head bytes.Buffer
	done bool
}

func (h *headed) Write(text []byte) (int, error) {
	if h.done {
		return h.out.Write(text)
	}
	line, rest, ended := bytes.Cut(text, []byte("\n"))
	h.head.Write(line)
	if !ended {
		return len(text), nil
	}
	h.done = true
	bold := "\x1b[1m" + h.head.String() + "\x1b[0m\n"
	if _, err := io.WriteString(h.out, bold); err != nil {
		return 0, err
	}
	if _, err := h.out.Write(rest); err != nil {
		return 0, err
	}
	return len(text), nil
}
