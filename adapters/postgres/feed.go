package postgres

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.ChangeFeed = (*Storage)(nil)

const (
	channel     = "sallyport" // on which the triggers of the schema announce
	beatKind    = "beat"
	beatEvery   = 500 * time.Millisecond
	silence     = 3 * time.Second        // without a beat for so long, the line is taken to be dead
	reconnectIn = 200 * time.Millisecond // between two attempts
)

// Follow implements application.ChangeFeed with LISTEN on the direct line.
//
// A beat is sent with NOTIFY through the pool, and comes back on the line
// after everything that was committed before it. So it proves that the line is
// alive, that it is up to date, and that both lead to the same server.
func (s *Storage) Follow(ctx context.Context, follower application.ChangeFollower) {
	for ctx.Err() == nil {
		s.followLine(ctx, follower)
		follower.Lost()
		select {
		case <-ctx.Done():
		case <-time.After(reconnectIn):
		}
	}
}

// followLine follows one connection until it breaks, falls silent, or ctx ends.
func (s *Storage) followLine(ctx context.Context, follower application.ChangeFollower) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	announced := make(chan *pq.Notification, 256)
	line, err := pq.NewListenerConn(s.line, announced)
	if err != nil {
		return // the database is away; everybody notices
	}
	// Closing the connection ends every wait on it; announced is closed then.
	closeLine := sync.OnceFunc(func() { _ = line.Close() })
	defer closeLine()
	defer context.AfterFunc(ctx, closeLine)()
	watchdog := time.AfterFunc(silence, closeLine)
	defer watchdog.Stop()

	if _, err := line.Listen(channel); err != nil {
		return
	}
	// What changed while nobody listened is not known.
	follower.Changed(application.Change{Kind: application.ChangedEverything})
	beats := newBeats()
	var beating sync.WaitGroup
	defer beating.Wait()
	defer cancel()
	beating.Go(func() { s.beat(ctx, beats) })
	for n := range announced {
		kind, id, _ := strings.Cut(n.Extra, ":")
		if kind != beatKind {
			follower.Changed(application.Change{Kind: application.ChangeKind(kind), ID: id})
			continue
		}
		if sent, mine := beats.arrived(id); mine {
			watchdog.Reset(silence)
			follower.Beat(sent)
		}
	}
}

// beat sends beats until ctx ends. One that can't be sent is not sent: the
// next is not far.
func (s *Storage) beat(ctx context.Context, beats *beats) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		_ = s.Execute(ctx, "SELECT pg_notify($1, $2)", channel, beatKind+":"+beats.next())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// beats are those of one connection: another connection's prove nothing of it.
type beats struct {
	name string // unique
	mu   sync.Mutex
	n    int
	sent map[int]time.Time
}

func newBeats() *beats { return &beats{name: uuid.NewString(), sent: map[int]time.Time{}} }

// next notes that a beat is about to be sent, and returns its payload.
func (b *beats) next() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	b.sent[b.n] = time.Now()
	return b.name + "." + strconv.Itoa(b.n)
}

// arrived returns when the beat was sent, if it is one of these.
func (b *beats) arrived(payload string) (sent time.Time, mine bool) {
	digits, ok := strings.CutPrefix(payload, b.name+".")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return time.Time{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	sent, mine = b.sent[n]
	for earlier := range b.sent {
		if earlier <= n {
			delete(b.sent, earlier)
		}
	}
	return sent, mine
}

// listenURL returns the address for the change feed, with the defaults that
// the pool has.
func listenURL(address string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", errors.New("the database URL is not a URL")
	}
	query := parsed.Query()
	for name, value := range map[string]string{
		"connect_timeout": strconv.Itoa(int(DefaultConnectTimeout / time.Second)), "sslmode": "prefer", "fallback_application_name": "sallyport",
	} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	parsed.RawQuery = query.Encode()
	return parsed.String(), nil
}
