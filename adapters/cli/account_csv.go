package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-auth/sallyport/domain"
)

// csvHeader is the order of a file's columns, by name.
type csvHeader []string

func parseCSVHeader(line []byte) (csvHeader, error) {
	header, err := splitCSV(string(line))
	if err != nil {
		return nil, errors.New("the first line must name the columns")
	}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		if !slices.Contains(accountColumns, header[i]) {
			return nil, fmt.Errorf("the first line must name the columns, and %q is none: there are %s", header[i], strings.Join(accountColumns, ", "))
		}
		if slices.Contains(header[:i], header[i]) {
			return nil, fmt.Errorf("the column %q is there twice", header[i])
		}
	}
	if !slices.Contains(header, "email") {
		return nil, errors.New("the column email is missing")
	}
	return header, nil
}

// parse reads one line. Roles are separated by spaces.
func (h csvHeader) parse(line []byte) (r accountRecord, err error) {
	if !utf8.Valid(line) {
		return r, domain.Invalid("line", "must be valid UTF-8")
	}
	cells, err := splitCSV(string(line))
	if err != nil {
		return r, err
	}
	if len(cells) != len(h) {
		return r, domain.Invalid("line", fmt.Sprintf("has %d cells, and the first line names %d columns", len(cells), len(h)))
	}
	for i, cell := range cells {
		if cell == "" {
			continue
		}
		switch h[i] {
		case "email":
			r.Email = cell
		case "password_hash":
			r.PasswordHash = cell
		case "name":
			r.Name = cell
		case "roles":
			roles := strings.Fields(cell)
			if cell == noRoles {
				roles = nil
			}
			r.Roles = &roles
		case "is_active":
			r.IsActive = new(bool)
			*r.IsActive, err = parseTruth(h[i], cell)
		case "email_verified":
			r.EmailVerified, err = parseTruth(h[i], cell)
		case "created_at":
			r.CreatedAt = cell
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func parseTruth(column, cell string) (bool, error) {
	switch strings.ToLower(cell) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, domain.Invalid(column, "must be true or false")
}

// cells returns a record as a line of all columns.
func (r accountRecord) cells() []string {
	roles := strings.Join(*r.Roles, " ")
	if roles == "" {
		roles = noRoles
	}
	return []string{
		r.Email, r.PasswordHash, r.Name, roles,
		strconv.FormatBool(*r.IsActive), strconv.FormatBool(r.EmailVerified), r.CreatedAt,
	}
}

var errQuotes = domain.Invalid("line", `has a quote in the wrong place: a cell that holds " or , stands in quotes, and each " in it is written twice`)

// splitCSV returns the cells of one line (RFC 4180 §2). A cell never spans
// lines: nothing that an account has holds a line break, and so one forgotten
// quote spoils one line and not the rest of the file.
func splitCSV(line string) ([]string, error) {
	var cells []string
	for {
		var cell string
		if rest, quoted := strings.CutPrefix(line, `"`); quoted {
			var b strings.Builder
			for {
				before, after, closed := strings.Cut(rest, `"`)
				if !closed {
					return nil, errQuotes
				}
				b.WriteString(before)
				if rest = after; !strings.HasPrefix(rest, `"`) {
					break
				}
				b.WriteByte('"')
				rest = rest[1:]
			}
			if rest != "" && rest[0] != ',' {
				return nil, errQuotes
			}
			cell, line = b.String(), rest
		} else {
			end := strings.IndexByte(line, ',')
			if end < 0 {
				end = len(line)
			}
			if cell = line[:end]; strings.Contains(cell, `"`) {
				return nil, errQuotes
			}
			line = line[end:]
		}
		cells = append(cells, cell)
		if line == "" {
			return cells, nil
		}
		line = line[1:]
	}
}
