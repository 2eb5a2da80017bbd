package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// privateFile is a file on its way: its owner alone can read it, and it takes
// its name, in place of a file that has it, when everything is in it.
type privateFile struct {
	*os.File
	name string
}

// createPrivately begins a file. A UsageError when there can be none of that
// name, or must not be: what is there may be worth more than what comes. Call
// it before storage is opened: it looks into the file, and to close a file takes
// this process's POSIX locks on it away, SQLite's own among them.
func createPrivately(name string) (*privateFile, error) {
	if name == standard {
		return nil, &UsageError{"- names no file: name one"}
	}
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, &UsageError{name + " is there, and not a file that could be replaced"}
	}
	if isDatabase(name) {
		return nil, &UsageError{name + " is an SQLite database: name another file"}
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{"the folder of " + name + " is not there"}
	}
	if err != nil {
		return nil, &UsageError{"nothing can be written beside " + name + ": " + err.Error()}
	}
	return &privateFile{file, name}, nil
}

// isDatabase reports whether a file begins as SQLite's do.
func isDatabase(name string) bool {
	file, err := os.Open(name) //nolint:gosec // the operator names it
	if err != nil {
		return false
	}
	defer file.Close() // it was only read
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	_, err = io.ReadFull(file, head)
	return err == nil && bytes.Equal(head, []byte(magic))
}

// commit gives the file its name.
func (f *privateFile) commit() error {
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// discard removes the file, unless it was committed.
func (f *privateFile) discard() {
	if f.Close() == nil {
		_ = os.Remove(f.Name())
	}
}
