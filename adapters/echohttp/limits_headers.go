package echohttp

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// The fields of draft-ietf-httpapi-ratelimit-headers-10, as Go spells them.
const (
	rateLimit       = "Ratelimit"
	rateLimitPolicy = "Ratelimit-Policy"
)

var _ application.LimitListener = (*exchange)(nil)

// Taken tells the client what is left of a budget that its request took from.
func (x *exchange) Taken(status domain.LimitStatus) {
	x.limits = append(x.limits, status)
	writeLimits(x.response, x.limits, tightest(x.limits))
}

// exceeded tells the client of the budget that its request was refused by,
// besides those that it took from.
func (x *exchange) exceeded(status domain.LimitStatus) {
	for i, known := range x.limits {
		if known.Policy == status.Policy {
			x.limits = append(x.limits[:i], x.limits[i+1:]...)
			break
		}
	}
	writeLimits(x.response, append(x.limits, status), status)
}

// writeLimits writes RateLimit-Policy with all policies, and RateLimit with
// one, the one to heed.
func writeLimits(h http.Header, all []domain.LimitStatus, heed domain.LimitStatus) {
	policies := make([]string, len(all))
	for i, s := range all {
		policies[i] = policyOf(s)
	}
	h[rateLimitPolicy] = []string{strings.Join(policies, ", ")}
	h[rateLimit] = []string{`"` + heed.Policy + `";r=` + strconv.Itoa(heed.Remaining) + ";t=" + seconds(heed.Reset)}
}

func policyOf(s domain.LimitStatus) string {
	return `"` + s.Policy + `";q=` + strconv.Itoa(s.Limit) + ";w=" + seconds(s.Window)
}

// tightest returns the budget with the smallest part of its quota left.
func tightest(all []domain.LimitStatus) domain.LimitStatus {
	least := all[0]
	for _, s := range all[1:] {
		if s.Remaining*least.Limit < least.Remaining*s.Limit {
			least = s
		}
	}
	return least
}

// seconds gives whole seconds, rounded up: the fields' Integers.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
