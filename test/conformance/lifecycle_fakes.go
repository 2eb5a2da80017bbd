package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// lifeClock stands still until it is moved.
type lifeClock struct{ micros atomic.Int64 }

func (c *lifeClock) Now() time.Time          { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *lifeClock) set(t time.Time)         { c.micros.Store(t.UnixMicro()) }
func (c *lifeClock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

// countedIDs are identifiers that rise, in the form of UUIDs of version 7.
// They go on over all lives on one storage.
type countedIDs struct{ last *atomic.Int64 }

func (c countedIDs) NewID() string {
	return fmt.Sprintf("019c0000-0000-7000-8000-%012x", c.last.Add(1))
}

// idCounter counts over all storages of a process: none sees one twice.
var idCounter atomic.Int64

// cheapHasher is a hash that costs nothing, and counts what it is asked for.
// A hash of an earlier era is stale.
type cheapHasher struct {
	queue    *openQueue
	era      int
	verified int
	hashed   int
	outside  int // calls that nobody had admitted
}

func (h *cheapHasher) Hash(ctx context.Context, password domain.Password) (domain.PasswordHash, error) {
	h.hashed++
	h.note()
	return domain.NewPasswordHash(cheapHash(h.era, password.Reveal())), ctx.Err()
}

func (h *cheapHasher) Verify(ctx context.Context, hash domain.PasswordHash, password domain.Password) (application.Verification, error) {
	h.verified++
	h.note()
	current := cheapHash(h.era, password.Reveal())
	match := !hash.IsZero() && hashSum(hash.Reveal()) == hashSum(current)
	return application.Verification{Match: match, Stale: match && hash.Reveal() != current}, ctx.Err()
}

func (h *cheapHasher) note() {
	if !h.queue.running {
		h.outside++
	}
}

func cheapHash(era int, password string) string {
	return fmt.Sprintf("cheap$%d$%x", era, sha256.Sum256([]byte(password)))
}

func hashSum(hash string) string { return hash[strings.LastIndexByte(hash, '$')+1:] }

// openQueue admits everybody at once, and counts them.
type openQueue struct {
	admitted int
	running  bool
}

func (q *openQueue) Admit(ctx context.Context) error { return ctx.Err() }

func (q *openQueue) Do(ctx context.Context, _ string, work func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.admitted++
	q.running = true
	defer func() { q.running = false }()
	work()
	return nil
}

// openSealer binds a value to its name, and hides nothing.
type openSealer struct{}

var errOtherName = errors.New("sealed under another name")

func (openSealer) Seal(name string, plaintext []byte) ([]byte, error) {
	return append([]byte(name+"\x00"), plaintext...), nil
}

func (openSealer) Open(name string, sealed []byte) ([]byte, bool, error) {
	plaintext, ok := bytes.CutPrefix(sealed, []byte(name+"\x00"))
	if !ok {
		return nil, false, errOtherName
	}
	return plaintext, false, nil
}

// deaf is a Recorder that hears nothing.
type deaf struct{}

func (deaf) Record(context.Context, domain.Event) {}
