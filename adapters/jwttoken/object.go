package jwttoken

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// errNoObject says that a text is no JSON object.
var errNoObject = errors.New("no JSON object")

// errValue says that a member has another type or is out of range.
var errValue = errors.New("not such a value")

// members calls visit with each member of a JSON object (RFC 8259) in order,
// duplicates included, and stops at the first error. value is JSON text.
func members(text []byte, visit func(name string, value []byte) error) error {
	if !json.Valid(text) || !utf8.Valid(text) {
		return errNoObject
	}
	rest := bytes.TrimLeft(text, jsonSpace) // valid from here on: only its shape is looked at
	if rest[0] != '{' {
		return errNoObject
	}
	rest = bytes.TrimLeft(rest[1:], jsonSpace)
	for rest[0] != '}' {
		n := valueLength(rest)
		name, err := stringValue(rest[:n])
		if err != nil {
			return err
		}
		rest = bytes.TrimLeft(rest[n:], jsonSpace)
		rest = bytes.TrimLeft(rest[1:], jsonSpace) // the colon
		n = valueLength(rest)
		if err := visit(name, rest[:n]); err != nil {
			return err
		}
		rest = bytes.TrimLeft(rest[n:], jsonSpace)
		if rest[0] == ',' {
			rest = bytes.TrimLeft(rest[1:], jsonSpace)
		}
	}
	return nil
}

const jsonSpace = " \t\r\n"

// valueLength returns how long the value is that valid JSON begins with.
func valueLength(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth == 0 { // of the object around a number, true, false or null
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0 && bytes.IndexByte([]byte(", \t\r\n"), c) >= 0:
			return i
		}
	}
	return len(text)
}

// stringValue reads a JSON string.
func stringValue(value []byte) (string, error) {
	if len(value) < 2 || value[0] != '"' {
		return "", errValue
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", errValue
	}
	return text, nil
}

// stringValues reads a JSON array of strings; an empty one is nil.
func stringValues[S ~string](value []byte) ([]S, error) {
	if len(value) == 0 || value[0] != '[' {
		return nil, errValue
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(value, &raw); err != nil {
		return nil, errValue
	}
	var texts []S
	for _, v := range raw {
		text, err := stringValue(v)
		if err != nil {
			return nil, err
		}
		texts = append(texts, S(text))
	}
	return texts, nil
}

// integerValue reads a JSON number from 0 to most that is written in digits
// alone: no sign, no fraction, no exponent.
func integerValue(value []byte, most int64) (int64, error) {
	n, err := strconv.ParseUint(string(value), 10, 63)
	if err != nil || int64(n) > most {
		return 0, errValue
	}
	return int64(n), nil
}

// object writes a JSON object, member by member, in the order of the calls:
// the same calls give the same bytes.
type object struct{ text []byte }

func (o *object) name(name string) {
	opening := byte(',')
	if len(o.text) == 0 {
		opening = '{'
	}
	o.text = append(o.text, opening, '"')
	o.text = append(o.text, name...)
	o.text = append(o.text, '"', ':')
}

func (o *object) string(name, value string) {
	o.name(name)
	o.text = appendString(o.text, value)
}

func (o *object) integer(name string, value int64) {
	o.name(name)
	o.text = strconv.AppendInt(o.text, value, 10)
}

func (o *object) end() []byte { return append(o.text, '}') }

// appendString appends a JSON string. What needs no escape, which is nearly
// everything that a token says, does not go through reflection.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendStrings[S ~string](b []byte, values []S) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, string(v))
	}
	return append(b, ']')
}
