package faults

import (
	"bytes"
	"strings"
)

// Message is what a PostgreSQL client sends after it has logged in (PostgreSQL manual, "Message Formats").
type Message struct {
	Type    byte   // such as 'Q' Query, 'P' Parse, 'B' Bind, 'E' Execute, 'S' Sync
	Payload []byte // what follows the length; not to be kept or changed
	SQL     string // the statement that a Query, Parse, Bind or Execute is about
}

// Runs tells whether the message makes the server run its statement: a Query or an Execute.
func (m Message) Runs() bool { return m.Type == 'Q' || m.Type == 'E' }

// Commit matches the message that commits a transaction.
func Commit(m Message) bool {
	statement := strings.ToUpper(strings.TrimRight(strings.TrimSpace(m.SQL), "; "))
	return m.Runs() && (statement == "COMMIT" || statement == "END")
}

// Statement returns a match for the messages that run a statement in which part occurs, prepared or not.
func Statement(part string) func(Message) bool {
	return func(m Message) bool { return m.Runs() && strings.Contains(m.SQL, part) }
}

// asksForReady tells whether the server answers the message, and what came before it, with one ReadyForQuery.
func (m Message) asksForReady() bool { return m.Type == 'Q' || m.Type == 'S' || m.Type == 'F' }

// statements remembers what a connection's prepared statements and portals say.
type statements struct {
	prepared map[string]string // SQL by statement name
	portals  map[string]string // SQL by portal name
}

// sql returns the statement that a message is about, and learns names from it.
func (s *statements) sql(kind byte, payload []byte) string {
	switch kind {
	case 'Q':
		query, _ := text(payload)
		return query
	case 'P':
		name, rest := text(payload)
		query, _ := text(rest)
		s.prepared[name] = query
		return query
	case 'B':
		portal, rest := text(payload)
		name, _ := text(rest)
		s.portals[portal] = s.prepared[name]
		return s.prepared[name]
	case 'E':
		portal, _ := text(payload)
		return s.portals[portal]
	}
	return ""
}

// text reads a zero-terminated string, and returns what follows it.
func text(b []byte) (string, []byte) {
	value, rest, _ := bytes.Cut(b, []byte{0})
	return string(value), rest
}
