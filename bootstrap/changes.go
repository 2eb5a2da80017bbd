package bootstrap

import (
	"context"
	"time"

	"go.uber.org/fx"

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
// change feed beats, so before a storage without one, or when it is switched
// off, every request asks storage.
func newState(cfg *Configuration, storage application.Storage) stateOut {
	cache := statecache.New(storage, statecache.Config{})
	out := stateOut{Reader: cache, Freshness: cache, Cache: cache}
	if cfg.StateCache != on {
		out.Reader = storage
	}
	return out
}

// changeFollowers is everybody who must not believe what has changed.
type changeFollowers struct {
	cache  *statecache.Cache
	tokens *jwttoken.Tokens
}

func (f changeFollowers) Changed(changes ...application.Change) {
	f.cache.Changed(changes...)
	f.tokens.Changed(changes...)
}

func (f changeFollowers) Beat(sent time.Time) { f.cache.Beat(sent) }
func (f changeFollowers) Lost()               { f.cache.Lost() }

// followChanges tells the followers of changes: of this process' own before
// each write returns, of others' from the start of the server to its end.
func followChanges(lifecycle fx.Lifecycle, storage application.Storage, cache *statecache.Cache, tokens *jwttoken.Tokens) {
	feed, ok := storage.(application.ChangeFeed)
	if !ok {
		return
	}
	followers := changeFollowers{cache, tokens}
	feed.OnChange(followers.Changed)
	following, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	lifecycle.Append(fx.StartStopHook(
		func() {
			go func() {
				defer close(done)
				feed.Follow(following, followers)
			}()
		},
		func() {
			cancel()
			<-done
		},
	))
}
