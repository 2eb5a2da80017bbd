package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// The formats of a file of accounts.
const (
	formatJSONL = "jsonl"
	formatCSV   = "csv"
)

// standard is the name of standard input and output.
const standard = "-"

// formatOf returns the format that was asked for, or that a file's name tells.
func formatOf(asked, file string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv":
		return formatCSV, nil
	case ".jsonl", ".ndjson", ".json":
		return formatJSONL, nil
	}
	if file == standard {
		return formatJSONL, nil
	}
	return "", &UsageError{fmt.Sprintf("the name %s does not tell the format: add --format jsonl or --format csv", filepath.Base(file))}
}

// maxLineBytes is the longest line that is read; a longer one is refused.
const maxLineBytes = 64 << 10

// accountReader reads accounts, line by line.
type accountReader struct {
	in    *bufio.Reader
	parse func(line []byte) (accountRecord, error)
	line  int   // how many were read
	read  int64 // bytes
}

// newAccountReader reads the first line of CSV: a UsageError when it names no
// columns.
func newAccountReader(in io.Reader, format string) (*accountReader, error) {
	r := &accountReader{in: bufio.NewReaderSize(in, maxLineBytes), parse: parseJSONRecord}
	if format != formatCSV {
		return r, nil
	}
	line, err := r.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(line) == 0 {
		return nil, &UsageError{"the file is empty: the first line of CSV names the columns"}
	}
	header, err := parseCSVHeader(line)
	if err != nil {
		return nil, &UsageError{err.Error()}
	}
	r.parse = header.parse
	return r, nil
}

var errLongLine = domain.Invalid("line", fmt.Sprintf("must be at most %d bytes", maxLineBytes))

// next returns the next line that is not blank, without its end; it is good
// until the next call. io.EOF after the last; errLongLine, and the line is skipped.
func (r *accountReader) next() ([]byte, error) {
	for {
		line, err := r.in.ReadSlice('\n')
		r.read += int64(len(line))
		if len(line) > 0 {
			r.line++
		}
		if r.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff")) // as some spreadsheets begin a file
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) {
				line, err = r.in.ReadSlice('\n')
				r.read += int64(len(line))
			}
			if err == nil || errors.Is(err, io.EOF) {
				err = errLongLine
			}
			return nil, err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil // what ended it comes up again with the next call
		}
		if err != nil {
			return nil, err
		}
	}
}

// accountBatch is what some lines hold.
type accountBatch struct {
	users   []application.ImportedUser
	refused []application.RefusedUser
	line    int   // the last
	read    int64 // bytes of the file until here
	err     error // why it is the last batch; io.EOF: it is the end
}

// batch reads until it has as many good lines as asked for, or as many bad ones.
func (r *accountReader) batch(size int) (b accountBatch) {
	b.users = make([]application.ImportedUser, 0, size)
	for len(b.users) < size && len(b.refused) < size {
		line, err := r.next()
		if err != nil && !errors.Is(err, domain.ErrInvalid) {
			b.err = err
			break
		}
		var user application.ImportedUser
		var record accountRecord
		if err == nil {
			record, err = r.parse(line)
		}
		if err == nil {
			user, err = record.user(r.line)
		}
		if err != nil {
			b.refused = append(b.refused, application.RefusedUser{Line: r.line, Err: err})
			continue
		}
		b.users = append(b.users, user)
	}
	b.line, b.read = r.line, r.read
	return b
}

// stat looks at a file that is to be read.
func (c *Console) stat(name string) (os.FileInfo, error) {
	if name != standard {
		return os.Stat(name)
	}
	if in, ok := c.In.(*os.File); ok {
		return in.Stat()
	}
	return nil, os.ErrNotExist
}

// openAccounts opens a file, and returns its size; -1 when nobody knows it.
func (c *Console) openAccounts(name string) (io.ReadCloser, int64, error) {
	if name == standard {
		return io.NopCloser(c.In), -1, nil
	}
	file, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, 0, &UsageError{err.Error()}
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		_ = file.Close()
		return nil, 0, &UsageError{name + " is not a file that can be read"}
	}
	if !info.Mode().IsRegular() {
		return file, -1, nil
	}
	return file, info.Size(), nil
}
