package statecache

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Config is what the cache can be told.
type Config struct {
	// Entries bounds how many sessions, and how many API keys, are remembered;
	// 0: 100,000 of each.
	Entries int
	// Now is the clock of freshness; nil: time.Now, which is monotonic too.
	Now func() time.Time
}

// Cache is a StateReader that asks another one only for what it does not know,
// and a ChangeFollower that learns from a feed what it must not believe any more.
type Cache struct {
	storage  application.StateReader
	stamps   stamps
	fresh    *freshness
	sessions *table[*domain.SessionState]
	keys     *table[*domain.APIKey]
}

var (
	_ application.StateReader    = (*Cache)(nil)
	_ application.ChangeFollower = (*Cache)(nil)
)

// New returns a cache before storage. Until the first beat of a feed it
// remembers nothing that it would believe: every call asks storage.
func New(storage application.StateReader, config Config) *Cache {
	if config.Entries <= 0 {
		config.Entries = 100_000
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	c := &Cache{storage: storage, fresh: &freshness{now: config.Now}}
	c.stamps.seed = maphash.MakeSeed()
	c.sessions = newTable(&c.stamps, c.fresh, config.Entries, c.loadSession)
	c.keys = newTable(&c.stamps, c.fresh, config.Entries, c.loadAPIKey)
	return c
}

// SessionState implements application.StateReader. The state is shared: nobody
// may change it.
func (c *Cache) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	return c.sessions.read(ctx, application.ChangedSession, string(id))
}

// APIKeyState implements application.StateReader. The state is shared: nobody
// may change it.
func (c *Cache) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	return c.keys.read(ctx, application.ChangedAPIKey, string(id))
}

// Changed implements application.ChangeFollower.
func (c *Cache) Changed(changes ...application.Change) {
	for _, change := range changes {
		c.stamps.raise(change)
	}
}

// Beat implements application.ChangeFollower.
func (c *Cache) Beat(sent time.Time) { c.fresh.beat(sent) }

// Lost implements application.ChangeFollower.
func (c *Cache) Lost(error) { c.fresh.lost() }

// Fresh reports whether the feed has spoken lately: while it has not, every
// request asks storage.
func (c *Cache) Fresh() bool { return c.fresh.fresh() }

func (c *Cache) loadSession(ctx context.Context, id string) (*entry[*domain.SessionState], error) {
	state, err := c.storage.SessionState(ctx, domain.SessionID(id))
	if err != nil {
		return nil, err
	}
	g := c.sessions.guardOf(application.ChangedSession, id)
	g.user = c.stamps.of(application.ChangedUser, string(state.User.ID))
	return &entry[*domain.SessionState]{guard: g, expires: state.Session.ExpiresAt, value: state}, nil
}

func (c *Cache) loadAPIKey(ctx context.Context, id string) (*entry[*domain.APIKey], error) {
	key, err := c.storage.APIKeyState(ctx, domain.APIKeyID(id))
	if err != nil {
		return nil, err
	}
	return &entry[*domain.APIKey]{guard: c.keys.guardOf(application.ChangedAPIKey, id), expires: key.ExpiresAt, value: key}, nil
}
