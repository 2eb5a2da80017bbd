package application

import (
	"context"
	"net/netip"
	"strings"
)

// client is where a request comes from, as limits see it.
type client struct {
	key     string // an IPv4 address, an IPv6 /64, or what else there is
	network string // the IPv6 /48; empty for IPv4
}

func clientOf(ctx context.Context) client { return clientAt(OriginOf(ctx).Client.Address) }

func clientAt(text string) client {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return client{key: strings.NewReplacer("{", "", "}", "").Replace(text)}
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return client{key: addr.String()}
	}
	return client{netip.PrefixFrom(addr, 64).Masked().String(), netip.PrefixFrom(addr, 48).Masked().String()}
}

// budgets returns a client's budget of a limit, and its network's.
func (c client) budgets(limit Limit) []Budget {
	if c.network == "" {
		return []Budget{{limit.Name + ":{" + c.key + "}", limit}}
	}
	tag := limit.Name + ":{" + c.network + "}"
	return []Budget{{tag + c.key, limit}, {tag, limit.times(networkFactor)}}
}
