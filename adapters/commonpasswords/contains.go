package commonpasswords

import (
	_ "embed"
	"sort"
	"strings"
)

// list holds one password in each line, in lower case, sorted by bytes.
//
//go:embed list.txt
var list string

// MinLength is the length of the shortest password in the list.
const MinLength = 8

// Contains reports whether a password, in lower case, is in the list. Shorter
// ones than MinLength never are: a policy's length refuses them.
func Contains(lowered string) bool {
	if len(lowered) < MinLength {
		return false
	}
	// The first offset whose line is not before the password; all offsets
	// within one line count as that line.
	at := sort.Search(len(list), func(offset int) bool { return lineAt(offset) >= lowered })
	return at < len(list) && lineAt(at) == lowered
}

// lineAt returns the line that holds the byte at offset; its end is part of it.
func lineAt(offset int) string {
	start := strings.LastIndexByte(list[:offset], '\n') + 1
	line, _, _ := strings.Cut(list[start:], "\n")
	return line
}
