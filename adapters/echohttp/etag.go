package echohttp

import (
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// etag returns the entity tag of something last changed at updated (RFC 9110
// §8.8.3): its revision, to the microsecond.
func etag(updated time.Time) string {
	text := append(make([]byte, 0, 16), '"')
	text = strconv.AppendInt(text, updated.UnixMicro(), 36)
	return string(append(text, '"'))
}

func setETag(c echo.Context, updated time.Time) {
	c.Response().Header()["Etag"] = []string{etag(updated)}
}

// ifMatch returns the revision that If-Match names (RFC 9110 §13.1.1); zero
// when anything goes. One that is not ours can't match:
// domain.ErrPreconditionFailed.
func ifMatch(c echo.Context) (time.Time, error) {
	header := strings.TrimSpace(c.Request().Header.Get("If-Match"))
	if header == "" || header == "*" {
		return time.Time{}, nil
	}
	digits, ok := strings.CutPrefix(header, `"`)
	if ok {
		digits, ok = strings.CutSuffix(digits, `"`)
	}
	micros, err := strconv.ParseInt(digits, 36, 64)
	if !ok || err != nil {
		return time.Time{}, domain.ErrPreconditionFailed
	}
	return time.UnixMicro(micros).UTC(), nil
}
