package faults

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Codes in the place of the protocol version in a client's first message.
const (
	cancelRequest     = 80877102
	encryptionRequest = 80877103
	gssRequest        = 80877104
)

const (
	maxStartup = 10_000  // PostgreSQL's own bound
	maxMessage = 1 << 30 // likewise
)

// fromPostgresClient delivers what a client sends, message by message, on the watch for the one to lose.
func (l *link) fromPostgresClient(in *bufio.Reader) error {
	for l.speaks.Load() != typed {
		head, err := in.Peek(8)
		if err != nil {
			return err
		}
		length, code := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
		if length < 8 || length > maxStartup {
			return l.deliverAll(ToServer, in)
		}
		startup := make([]byte, length)
		if _, err := io.ReadFull(in, startup); err != nil {
			return err
		}
		switch code {
		case encryptionRequest, gssRequest:
			l.speaks.Store(negotiating)
		case cancelRequest:
		default:
			l.speaks.Store(typed)
		}
		if err := l.deliver(ToServer, startup); err != nil {
			return err
		}
		if l.speaks.Load() == negotiating {
			if _, err := in.Peek(1); err != nil { // the client goes on only when it has the answer
				return err
			}
		}
		if l.speaks.Load() == anything {
			return l.deliverAll(ToServer, in)
		}
	}

	known := statements{prepared: map[string]string{}, portals: map[string]string{}}
	asked := 1 // how many times ReadyForQuery was asked for; the first by logging in
	var batch bytes.Buffer
	for {
		kind, payload, err := readMessage(in, &batch)
		if err != nil {
			return err
		}
		message := Message{Type: kind, Payload: payload, SQL: known.sql(kind, payload)}
		if undelivered := l.watch(message, asked+1); undelivered {
			return io.ErrUnexpectedEOF // the connection has ended already
		}
		if message.asksForReady() {
			asked++
		}
		if in.Buffered() > 0 {
			continue // what came together goes together
		}
		if err := l.deliver(ToServer, batch.Bytes()); err != nil {
			return err
		}
		batch.Reset()
	}
}

// watch sees whether a message is to be lost, or the answer to it, which is the answer-th ReadyForQuery.
func (l *link) watch(message Message, answer int) (undelivered bool) {
	l.mu.Lock()
	busy := l.lost != nil
	l.mu.Unlock()
	armed := l.proxy.see(message, busy)
	if armed == nil {
		return false
	}
	if armed.loss.Undelivered {
		armed.strike(l)
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost, l.answer = armed, answer
	return false
}

// fromPostgresServer delivers what the server answers, up to the answer that is to be lost.
func (l *link) fromPostgresServer(in *bufio.Reader) error {
	answered := 0
	var batch bytes.Buffer
	for {
		kept := batch.Len()
		kind, _, err := readMessage(in, &batch)
		if err != nil {
			return err
		}
		l.mu.Lock()
		lost := l.lost
		losing := lost != nil && answered+1 == l.answer
		l.mu.Unlock()
		if kind == 'Z' {
			answered++
			if losing {
				lost.strike(l)
				return io.ErrUnexpectedEOF // the connection has ended already
			}
		}
		if losing {
			batch.Truncate(kept)
		}
		if batch.Len() == 0 || in.Buffered() > 0 && !losing {
			continue
		}
		if err := l.deliver(ToClient, batch.Bytes()); err != nil {
			return err
		}
		batch.Reset()
	}
}

// readMessage appends one whole message to batch, and returns its type and what follows its length.
func readMessage(in *bufio.Reader, batch *bytes.Buffer) (kind byte, payload []byte, err error) {
	head, err := in.Peek(5)
	if err != nil {
		return 0, nil, err
	}
	kind = head[0]
	length := int(binary.BigEndian.Uint32(head[1:])) // counts itself, but not the type
	if length < 4 || length > maxMessage {
		return 0, nil, fmt.Errorf("PostgreSQL message %q has length %d", kind, length)
	}
	start := batch.Len()
	if _, err := io.CopyN(batch, in, int64(length)+1); err != nil {
		return 0, nil, err
	}
	return kind, batch.Bytes()[start+5:], nil
}
