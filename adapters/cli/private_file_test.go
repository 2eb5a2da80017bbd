package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsReplacedOnlyByAWholeOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "users.jsonl")
	if err := os.WriteFile(name, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		end  func(*privateFile) error
		want string
	}{
		{func(f *privateFile) error { f.discard(); return nil }, "older"},
		{(*privateFile).commit, "whole"},
	} {
		file, err := createPrivately(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString("whole"); err != nil {
			t.Fatal(err)
		}
		err = c.end(file)
		file.discard() // as a deferred call does in any case
		text, _ := os.ReadFile(name)
		left, _ := os.ReadDir(dir)
		if err != nil || string(text) != c.want || len(left) != 1 {
			t.Errorf("got %v, %q and %d files, want %q alone", err, text, len(left), c.want)
		}
	}
}

func TestAFileThatCannotTakeItsNameLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "users.jsonl")
	file, err := createPrivately(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	err = file.commit()
	if left, _ := os.ReadDir(dir); err == nil || len(left) != 1 {
		t.Errorf("got %v and %d files, want an error and the folder alone", err, len(left))
	}
}

func TestWhatIsWorthMoreIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := filepath.Join(dir, "sallyport.db")
	if err := os.WriteFile(database, []byte("SQLite format 3\x00 and the rest"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{database, dir, standard, filepath.Join(dir, "nowhere", "users.jsonl")} {
		_, err := createPrivately(name)
		if usage := new(UsageError); !errors.As(err, &usage) {
			t.Errorf("%s: got %v, want a usage error", name, err)
		}
	}
}

func TestAReportDoesNotTakeThePlaceOfWhatIsImported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, link := filepath.Join(dir, "users.jsonl"), filepath.Join(dir, "link.jsonl")
	if err := errors.Join(os.WriteFile(name, []byte("{}\n"), 0o600), os.Symlink(name, link)); err != nil {
		t.Fatal(err)
	}
	for _, report := range []string{name, link} {
		_, err := newRefusals(&Console{Err: io.Discard}, report, name)
		if usage := new(UsageError); !errors.As(err, &usage) {
			t.Errorf("%s: got %v, want a usage error", report, err)
		}
	}
	if text, _ := os.ReadFile(name); string(text) != "{}\n" {
		t.Errorf("the input: got %q, want it untouched", text)
	}
}
