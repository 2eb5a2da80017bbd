package echohttp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

const (
	defaultPageLimit = 50
	maxPageLimit     = 200
	cursorMACBytes   = 16
)

// cursors makes and reads the opaque positions in lists. A cursor is bound to
// its list by a MAC, so that one that we did not make is refused.
type cursors struct{ key []byte }

func newCursors(secret domain.Secret) cursors {
	return cursors{secret.Derive("sallyport/cursor/v1", sha256.Size)}
}

func (cs cursors) seal(list, after string) string {
	return base64.RawURLEncoding.EncodeToString(append(cs.mac(list, after), after...))
}

func (cs cursors) open(list, cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMACBytes {
		return "", errBadCursor
	}
	after := string(raw[cursorMACBytes:])
	if !hmac.Equal(raw[:cursorMACBytes], cs.mac(list, after)) {
		return "", errBadCursor
	}
	return after, nil
}

func (cs cursors) mac(list, after string) []byte {
	h := hmac.New(sha256.New, cs.key)
	h.Write([]byte(list))
	h.Write([]byte{0})
	h.Write([]byte(after))
	return h.Sum(nil)[:cursorMACBytes]
}

var errBadCursor = domain.Invalid("cursor", "is not one of ours; take next_cursor of the page before, or leave it out")

// pageOf reads ?limit= and ?cursor= of a list.
func pageOf[ID ~string](cs cursors, c echo.Context, list string) (application.Page[ID], error) {
	page := application.Page[ID]{Limit: defaultPageLimit}
	limit, err := queryParameter(c, "limit")
	if err != nil {
		return page, err
	}
	if limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 1 || n > maxPageLimit {
			return page, domain.Invalid("limit", "must be a whole number from 1 to 200")
		}
		page.Limit = n
	}
	cursor, err := queryParameter(c, "cursor")
	if err != nil {
		return page, err
	}
	if cursor != "" {
		after, err := cs.open(list, cursor)
		if err != nil {
			return page, err
		}
		page.After = ID(after)
	}
	page.Limit++ // one more than asked for tells whether there is a next page
	return page, nil
}

// listOf cuts the extra item off and returns the items with the cursor of the
// next page, nil when this is the last.
func listOf[Item, Wire any, ID ~string](cs cursors, list string, page application.Page[ID], items []Item, id func(Item) ID, wire func(Item) Wire) listBody[Wire] {
	body := listBody[Wire]{Items: make([]Wire, 0, len(items))}
	if len(items) == page.Limit {
		items = items[:page.Limit-1]
		next := cs.seal(list, string(id(items[len(items)-1])))
		body.NextCursor = &next
	}
	for _, item := range items {
		body.Items = append(body.Items, wire(item))
	}
	return body
}

// listBody is the shape of every list.
type listBody[Wire any] struct {
	Items      []Wire  `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// queryParameter returns a query parameter that may be given once.
func queryParameter(c echo.Context, name string) (string, error) {
	if c.QueryString() == "" {
		return "", nil
	}
	query, err := url.ParseQuery(c.QueryString())
	if err != nil { // what is left of it would be another question
		return "", domain.Invalid("query", "is not a valid query; separate parameters by &")
	}
	values := query[name]
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		if !utf8.ValidString(values[0]) || strings.IndexByte(values[0], 0) >= 0 {
			return "", domain.Invalid(name, "must be valid UTF-8 without NUL")
		}
		return values[0], nil
	}
	return "", domain.Invalid(name, "is given more than once")
}
