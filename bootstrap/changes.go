package bootstrap

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/statecache"
	"github.com/sallyport-auth/sallyport/application"
)

// stateOut is who says what a session is now, and whether memory of storage
// can be believed.
type stateOut struct {
	fx.Out

	Reader    application.StateReader
	Freshness application.Freshness
	Cache     *statecache.Cache
}

// newState puts the cache before storage. It believes itself only while a
// change feed beats, so before a storage without one every request asks
// storage; so it does when the cache is switched off.
func newState(cfg *Configuration, storage application.Storage) stateOut {
	cache := statecache.New(storage, statecache.Config{})
	out := stateOut{Reader: cache, Freshness: cache, Cache: cache}
	if cfg.StateCache != on {
		out.Reader = storage
	}
	return out
}

// changes tells whoever remembers anything of storage what has changed: by
// this process before each write returns, by others while it follows the feed.
type changes struct {
	cache  *statecache.Cache
	tokens *jwttoken.Tokens
	feed   application.ChangeFeed // nil: the storage has none
	log    *zap.Logger
	deaf   atomic.Bool // and said so
}

var _ application.ChangeFollower = (*changes)(nil)

func newChanges(storage application.Storage, cache *statecache.Cache, tokens *jwttoken.Tokens, log *zap.Logger) *changes {
	c := &changes{cache: cache, tokens: tokens, log: log}
	if feed, ok := storage.(application.ChangeFeed); ok {
		c.feed = feed
		feed.OnChange(c.Changed)
	}
	return c
}

func (c *changes) follow(ctx context.Context) {
	if c.feed != nil {
		c.feed.Follow(ctx, c)
	}
}

// Changed implements application.ChangeFollower.
func (c *changes) Changed(changed ...application.Change) {
	c.cache.Changed(changed...)
	c.tokens.Changed(changed...)
}

// Beat implements application.ChangeFollower.
func (c *changes) Beat(sent time.Time) {
	c.cache.Beat(sent)
	if c.deaf.CompareAndSwap(true, false) {
		c.log.Info("the database tells of changes again: its answers are remembered")
	}
}

// Lost implements application.ChangeFollower. It is logged once: attempts to
// hear again come several times a second.
func (c *changes) Lost(cause error) {
	c.cache.Lost(cause)
	if !errors.Is(cause, context.Canceled) && c.deaf.CompareAndSwap(false, true) {
		c.log.Warn("the database tells of no changes: each request asks it until it does", zap.Error(cause))
	}
}
