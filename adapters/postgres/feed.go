package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

var (
	errSilent = errors.New("no beat came back for 3 s: the direct line and the pool may lead to different servers, or the direct line to a connection pooler")
	errCut    = errors.New("the connection was cut")
)

// Follow implements application.ChangeFeed with LISTEN on the direct line.
//
// A beat is sent with NOTIFY through the pool, and comes back on the line
// after everything that was committed before it. So it proves that the line is
// alive, that it is up to date, and that both lead to the same server.
func (s *Storage) Follow(ctx context.Context, follower application.ChangeFollower) {
	var beating sync.WaitGroup // of all lines: one that is cut waits for nothing before it says so
	defer beating.Wait()
	for ctx.Err() == nil {
		follower.Lost(s.followLine(ctx, follower, &beating))
		select {
		case <-ctx.Done():
		case <-time.After(reconnectIn):
		}
	}
}

// followLine follows one connection until it breaks, falls silent, or ctx
// ends, and returns why.
func (s *Storage) followLine(ctx context.Context, follower application.ChangeFollower, beating *sync.WaitGroup) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	announced := make(chan *pq.Notification, 256)
	line, err := s.openLine(ctx, announced)
	if err != nil {
		return fmt.Errorf("connect the change feed: %w", err)
	}
	// Closing the connection ends every wait on it; announced is closed then.
	closeLine := sync.OnceFunc(func() { _ = line.Close() })
	defer closeLine()
	defer context.AfterFunc(ctx, closeLine)()
	var silent atomic.Bool
	watchdog := time.AfterFunc(silence, func() {
		silent.Store(true)
		closeLine()
	})
	defer watchdog.Stop()

	if _, err := line.Listen(channel); err != nil {
		return fmt.Errorf("listen for changes: %w", err)
	}
	// What changed while nobody listened is not known.
	follower.Changed(application.Change{Kind: application.ChangedEverything})
	beats := newBeats()
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
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case silent.Load():
		return errSilent
	case line.Err() != nil:
		return fmt.Errorf("listen for changes: %w", line.Err())
	}
	return errCut
}

// openLine connects, or gives up when ctx ends: lib/pq takes no context here,
// but gives up by itself at the connect_timeout.
func (s *Storage) openLine(ctx context.Context, announced chan *pq.Notification) (*pq.ListenerConn, error) {
	type opening struct {
		line *pq.ListenerConn
		err  error
	}
	opened := make(chan opening, 1)
	go func() {
		line, err := pq.NewListenerConn(s.line, announced)
		opened <- opening{line, err}
	}()
	select {
	case o := <-opened:
		return o.line, o.err
	case <-ctx.Done():
		go func() {
			if o := <-opened; o.err == nil {
				_ = o.line.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// beat sends beats until ctx ends. One that can't be sent is not sent: the
// next is not far.
func (s *Storage) beat(ctx context.Context, beats *beats) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		_ = s.Execute(ctx, "SELECT pg_notify($1, $2)", channel, beatKind+":"+beats.next())
		select {
		case <-ctx.Done():
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

// listenURL returns the address for the change feed: lib/pq takes text alone
// there. What the text leaves open is as the pool has it, be it from the
// environment or by default.
func listenURL(address string, config pq.Config) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", errors.New("the database URL is not a URL")
	}
	query := parsed.Query()
	query.Set("connect_timeout", strconv.Itoa(int(math.Ceil(config.ConnectTimeout.Seconds()))))
	query.Set("sslmode", string(config.SSLMode))
	query.Set("target_session_attrs", string(config.TargetSessionAttrs))
	if !query.Has("application_name") {
		query.Set("fallback_application_name", "sallyport")
	}
	parsed.RawQuery = query.Encode()
	return parsed.String(), nil
}
