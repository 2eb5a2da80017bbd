package echohttp

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// exchange is one request and its response, as a context: handlers get only
// the request's context, so what belongs to the request lives there. One
// allocation holds all of it.
type exchange struct {
	context.Context
	origin    application.Origin
	principal domain.Principal     // zero until a guard has passed
	response  http.Header          // of the answer
	id        [1]string            // the value of its X-Request-Id
	limits    []domain.LimitStatus // that the request took from
}

type exchangeKey struct{}

func (x *exchange) Value(key any) any {
	switch key {
	case application.OriginKey:
		return &x.origin
	case any(exchangeKey{}):
		return x
	}
	return x.Context.Value(key)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// begin gives the request its exchange.
func begin(c echo.Context) *exchange {
	r := c.Request()
	x := &exchange{Context: r.Context(), response: c.Response().Header()}
	x.origin = application.Origin{
		Limits:    x,
		RequestID: requestID(r.Header.Get(echo.HeaderXRequestID)),
		Client: domain.Client{
			Address:   canonicalAddress(c.RealIP()),
			UserAgent: truncate(strings.ToValidUTF8(r.UserAgent(), "\uFFFD"), domain.MaxUserAgentBytes),
		},
	}
	x.id[0] = x.origin.RequestID
	c.SetRequest(r.WithContext(x))
	return x
}

// canonicalAddress gives one client one spelling: IPv4-mapped IPv6 is IPv4,
// zones do not count.
func canonicalAddress(s string) string {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return addr.Unmap().WithZone("").String()
}

// truncate cuts s at no more than n bytes, and at a character's edge.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

var (
	processID      = strconv.FormatInt(time.Now().UnixNano(), 36)
	requestCounter atomic.Uint64
)

// requestID keeps the id that a proxy gave a request, if it is a plain one,
// and else makes one that is unique among all processes.
func requestID(given string) string {
	if isPlainID(given) {
		return given
	}
	buf := make([]byte, 0, len(processID)+14)
	buf = append(buf, processID...)
	buf = append(buf, '-')
	return string(strconv.AppendUint(buf, requestCounter.Add(1), 36))
}

func isPlainID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
