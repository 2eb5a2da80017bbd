package application

import (
	"context"

	"github.com/sallyport-auth/sallyport/domain"
)

// Origin is where a request came from: it goes into sessions and events, and
// limits count by it.
type Origin struct {
	Client    domain.Client
	RequestID string
	// Asked is the request that a proxy asks about for its client: method and
	// path, as the proxy tells them.
	Asked  string
	Limits LimitListener // unless nil
}

// LimitListener is told, in the request's goroutine, how much is left of each
// budget that a request took from. A refusal carries its own.
type LimitListener interface {
	Taken(domain.LimitStatus)
}

// Subscriber names whom the client is one of, to queues as to limits: an IPv4
// address, or an IPv6 /64, of which one household has as many addresses as it
// likes.
func (o Origin) Subscriber() string { return clientAt(o.Client.Address).key }

type originKey struct{}

// OriginKey is the key under which a context's Value is an *Origin, for an
// adapter whose own context type answers it.
var OriginKey any = originKey{}

// WithOrigin returns a context that carries origin to the use cases.
func WithOrigin(ctx context.Context, origin *Origin) context.Context {
	return context.WithValue(ctx, OriginKey, origin)
}

// OriginOf returns where the request of ctx came from; the zero Origin for
// work that no request asked for.
func OriginOf(ctx context.Context) Origin {
	if origin, ok := ctx.Value(OriginKey).(*Origin); ok {
		return *origin
	}
	return Origin{}
}
