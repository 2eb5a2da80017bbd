package commonpasswords

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatIsGuessedFirstIsInTheList(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"password", "password1", "passw0rd", "12345678", "123456789012", "qwertyuiop", "1q2w3e4r5t6y", "iloveyou", "trustno1",
		"football", "sunshine1", "passwordpassword", "password1234", "administrator", "1qaz2wsx3edc", "!qaz2wsx",
	} {
		if !Contains(password) {
			t.Errorf("Contains(%q): got false, want true", password)
		}
	}
}

func TestWhatIsNotGuessedFirstIsNot(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"", "\n", "1234567", "correct horse battery staple", "password\n", "\npassword", "password\npassword1", "passwor", "assword12345",
		"passwore", "PASSWORD", "~~~~~~~~~~~~~~~", "\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff", "pässword",
		strings.Repeat("password", 128),
	} {
		if Contains(password) {
			t.Errorf("Contains(%q): got true, want false", password)
		}
	}
}

func TestEveryLineOfTheListIsFound(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(list, "\n"), "\n")
	if len(lines) < 20_000 || !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
		t.Fatalf("got %d lines, sorted %t, want 20,000 at least, sorted, each once", len(lines), slices.IsSorted(lines))
	}
	for i, line := range lines {
		if len(line) < MinLength || line != strings.ToLower(line) {
			t.Errorf("line %d: got %q, want lower case and %d characters at least", i+1, line, MinLength)
		}
		if !Contains(line) {
			t.Errorf("Contains(%q): got false, want true", line)
		}
	}
}

func TestASearchAllocatesNothing(t *testing.T) {
	if got := testing.AllocsPerRun(100, func() { Contains("correct horse battery staple") }); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}
