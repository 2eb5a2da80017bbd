package commonpasswords

import (
	"sort"
	"strings"
	"testing"
)

func TestTheListIsLongAndSorted(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(load(), "\n"), "\n")
	if got, want := len(lines), 20_000; got < want {
		t.Errorf("the list has %d passwords, want at least %d", got, want)
	}
	if !sort.StringsAreSorted(lines) {
		t.Error("the list is not sorted, so that the search may miss")
	}
}

func TestEveryPasswordOfTheListIsFound(t *testing.T) {
	t.Parallel()
	for _, line := range strings.Split(strings.TrimSuffix(load(), "\n"), "\n") {
		if !Contains(line) {
			t.Errorf("Contains(%q) = false, want true", line)
		}
	}
}

func TestWhatIsNotOnTheListIsNotFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "p", "password1\n", "correct horse battery staple", "zzzzzzzzzzzzzzzzzzzzzz", "\xff\xff\xff\xff"} {
		if Contains(text) {
			t.Errorf("Contains(%q) = true, want false", text)
		}
	}
}
