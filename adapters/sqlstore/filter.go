package sqlstore

import (
	"strconv"
	"strings"
)

// statement text that grows with what it filters by.
type filter struct {
	text strings.Builder
	args []any
}

// where continues the statement, each $? being the next of args.
func (f *filter) where(text string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(text, "$?")
		f.args = append(f.args, arg)
		f.text.WriteString(before + "$" + strconv.Itoa(len(f.args)))
		text = after
	}
	f.text.WriteString(text)
}

// starting continues the statement with a text of fixed parameters.
func starting(text string, args ...any) *filter {
	f := &filter{args: args}
	f.text.WriteString(text)
	return f
}
