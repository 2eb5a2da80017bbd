package commonpasswords

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
)

//go:embed passwords.txt.gz
var compressed []byte

// load unpacks the list: sorted lines, each ending in a newline.
var load = sync.OnceValue(func() string {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic(fmt.Errorf("embedded list of passwords: %w", err)) // a defect of the build, seen by every test
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		panic(fmt.Errorf("embedded list of passwords: %w", err))
	}
	return string(text)
})

// Contains reports whether a password, in lower case, is on the list.
func Contains(lowered string) bool {
	text := load()
	// Positions in the text are searched; each stands for the line that it lies in.
	at := sort.Search(len(text), func(i int) bool { return lineAt(text, i) >= lowered })
	return at < len(text) && lineAt(text, at) == lowered
}

// lineAt returns the line that position i lies in, its newline counting as its end.
func lineAt(text string, i int) string {
	begin := strings.LastIndexByte(text[:i], '\n') + 1
	end := strings.IndexByte(text[i:], '\n') + i
	return text[begin:end]
}
