package echohttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// maxBodyBytes is the largest body that is read, counted while reading.
const maxBodyBytes = 64 << 10

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// smallBody is a length that is believed before it has arrived.
const smallBody = 4 << 10

// readBody returns the whole body, or a 413.
func readBody(c echo.Context) ([]byte, error) {
	r := c.Request()
	if n := r.ContentLength; n >= 0 && n <= smallBody {
		body := make([]byte, n)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, incomplete(err)
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, echo.ErrStatusRequestEntityTooLarge
		}
		return nil, incomplete(err)
	}
	if len(body) > maxBodyBytes {
		return nil, echo.ErrStatusRequestEntityTooLarge
	}
	return body, nil
}

// hasNoBody reports whether nothing is sent, also where its length was not said.
// A body that is there stays to be read.
func hasNoBody(c echo.Context) (bool, error) {
	r := c.Request()
	if r.ContentLength >= 0 {
		return r.ContentLength == 0, nil
	}
	buffered := bufio.NewReader(r.Body)
	_, err := buffered.Peek(1)
	r.Body = struct {
		io.Reader
		io.Closer
	}{buffered, r.Body}
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case err != nil:
		return false, incomplete(err)
	}
	return false, nil
}

func incomplete(err error) error {
	return domain.Invalid("body", "ended before it was complete; send it again").Because(err)
}

// mediaType returns the body's media type; "" when there is none. No coding,
// such as gzip, is understood (RFC 9110 §8.4).
func mediaType(c echo.Context) (string, error) {
	if coding := c.Request().Header.Get(echo.HeaderContentEncoding); coding != "" && !strings.EqualFold(coding, "identity") {
		return "", echo.ErrUnsupportedMediaType
	}
	header := c.Request().Header.Values(echo.HeaderContentType)
	if len(header) == 0 {
		return "", nil
	}
	if len(header) == 1 && header[0] == jsonType { // what nearly everybody sends
		return jsonType, nil
	}
	media, params, err := mime.ParseMediaType(header[0])
	charset, named := params["charset"]
	if err != nil || len(header) > 1 || named && !strings.EqualFold(charset, "utf-8") {
		return "", echo.ErrUnsupportedMediaType
	}
	return media, nil
}

// decodeJSON reads a JSON body into a T, strictly: one object, no unknown and
// no repeated member, no null but for the members named in nullable, nothing
// after it, valid UTF-8 without NUL (RFC 8259, I-JSON RFC 7493).
func decodeJSON[T any](c echo.Context, nullable ...string) (T, error) {
	var into T
	media, err := mediaType(c)
	if err != nil {
		return into, err
	}
	body, err := readBody(c)
	if err != nil {
		return into, err
	}
	if media != jsonType {
		return into, echo.ErrUnsupportedMediaType
	}
	err = unmarshalStrictly(body, &into, nullable...)
	return into, err
}

func unmarshalStrictly(body []byte, into any, nullable ...string) error {
	err := json.Unmarshal(body, into, json.RejectUnknownMembers(true))
	if err == nil && isObject(body) && !bytes.Contains(body, escapedNUL) && !bytes.Contains(body, null) {
		return nil // there is nothing that checkText could find
	}
	if wrong := checkText(body, nullable); wrong != nil {
		return wrong
	}
	if err != nil {
		return jsonError(err)
	}
	return nil
}

// What JSON can't hide: a NUL character is nowhere else but in its escape.
var escapedNUL, null = []byte(`\u0000`), []byte("null")

func isObject(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte{'{'})
}

// checkText walks the tokens for what Go's types would let pass, and says
// first what is wrong with the text.
func checkText(body []byte, nullable []string) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(body))
	if decoder.PeekKind() != '{' {
		if _, err := decoder.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
			return jsonError(err)
		}
		return domain.Invalid("body", "must be a JSON object")
	}
	for {
		token, err := decoder.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return jsonError(err)
		}
		name := memberOf(decoder.StackPointer())
		switch token.Kind() {
		case '"':
			if strings.IndexByte(token.String(), 0) >= 0 {
				return domain.Invalid(name, "must not hold a NUL character")
			}
		case 'n':
			if !slices.Contains(nullable, name) {
				return domain.Invalid(name, "must not be null; leave it out")
			}
		case '}':
			if decoder.StackDepth() == 0 {
				if rest := bytes.TrimLeft(body[decoder.InputOffset():], " \t\r\n"); len(rest) > 0 {
					return domain.Invalid("body", "must end with the JSON object")
				}
			}
		}
	}
}

// jsonError says which rule a body breaks, in words that name no Go type.
func jsonError(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		field := memberOf(semantic.JSONPointer)
		if errors.Is(semantic.Err, json.ErrUnknownName) {
			return domain.Invalid(field, "is not known here")
		}
		return domain.Invalid(field, "has the wrong type")
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && errors.Is(syntactic.Err, jsontext.ErrDuplicateName) {
		return domain.Invalid(memberOf(syntactic.JSONPointer), "is given more than once")
	}
	if syntactic != nil {
		return domain.Invalid("body", fmt.Sprintf("is not valid JSON at byte %d", syntactic.ByteOffset))
	}
	return domain.Invalid("body", "is not valid JSON")
}

// memberOf returns the name of a body's member that a JSON pointer lies in.
func memberOf(pointer jsontext.Pointer) string {
	for name := range pointer.Tokens() {
		return name
	}
	return "body"
}

// decodeForm reads a form body (WHATWG URL §5.1). Fields that are not asked
// for do not count (RFC 6749 §3.2); none may be repeated.
func decodeForm(c echo.Context) (url.Values, error) {
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}
	return parseForm(string(body))
}

// parseForm reads fields that "&" separates; a semicolon is a character like
// any other.
func parseForm(text string) (url.Values, error) {
	values := url.Values{}
	for field := range strings.SplitSeq(text, "&") {
		if field == "" {
			continue
		}
		encodedName, encodedValue, _ := strings.Cut(field, "=")
		name, err := url.QueryUnescape(encodedName)
		if err != nil || !utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0 {
			return nil, domain.Invalid("body", "is not a valid form")
		}
		value, err := url.QueryUnescape(encodedValue)
		switch {
		case err != nil:
			return nil, domain.Invalid(name, `must be percent-encoded: "%" itself is %25`)
		case values.Has(name):
			return nil, domain.Invalid(name, "is given more than once")
		case !utf8.ValidString(value):
			return nil, domain.Invalid(name, "must be valid UTF-8")
		case strings.IndexByte(value, 0) >= 0:
			return nil, domain.Invalid(name, "must not hold a NUL character")
		}
		values.Set(name, value)
	}
	return values, nil
}

// decodeFormOrJSON reads the named string fields from a form or a JSON object
// of exactly T. An empty body without a type is an empty form.
func decodeFormOrJSON[T any](c echo.Context, fromForm func(url.Values) T) (T, error) {
	var into T
	media, err := mediaType(c)
	if err != nil {
		return into, err
	}
	switch media {
	case jsonType:
		return decodeJSON[T](c)
	case formType:
		values, err := decodeForm(c)
		if err != nil {
			return into, err
		}
		return fromForm(values), nil
	case "":
		body, err := readBody(c)
		if err != nil {
			return into, err
		}
		if len(body) == 0 {
			return fromForm(url.Values{}), nil
		}
	}
	return into, echo.ErrUnsupportedMediaType
}

// required returns an ErrInvalid that names every field without a value.
func required(fields ...[2]string) error {
	var missing []domain.FieldError
	for _, f := range fields {
		if f[1] == "" {
			missing = append(missing, domain.FieldError{Field: f[0], Detail: "is required"})
		}
	}
	if missing == nil {
		return nil
	}
	return domain.InvalidFields(missing...)
}
