package echohttp

import (
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
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

// precondition reads If-Match and If-None-Match (RFC 9110 §13.1.1 and §13.1.2).
// A tag that is not ours, or is a weak one, matches nothing.
func precondition(c echo.Context) (p application.Precondition) {
	h := c.Request().Header
	p.Absent = strings.TrimSpace(h.Get("If-None-Match")) == "*"
	for _, line := range h["If-Match"] {
		for tag := range strings.SplitSeq(line, ",") {
			switch tag = strings.TrimSpace(tag); tag {
			case "":
			case "*":
				p.Exists = true
			default:
				if p.Known == nil {
					p.Known = []time.Time{}
				}
				if revision, ok := revisionOf(tag); ok {
					p.Known = append(p.Known, revision)
				}
			}
		}
	}
	return p
}

// revisionOf returns the time that a tag of ours says.
func revisionOf(tag string) (time.Time, bool) {
	micros, err := strconv.ParseInt(strings.Trim(tag, `"`), 36, 64)
	revision := time.UnixMicro(micros).UTC()
	return revision, err == nil && etag(revision) == tag
}

// isKnown reports whether If-None-Match names a tag (RFC 9110 §13.1.2), also as
// the weak one that a compressing proxy makes of it.
func isKnown(c echo.Context, tag string) bool {
	for _, line := range c.Request().Header["If-None-Match"] {
		for known := range strings.SplitSeq(line, ",") {
			if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
				return true
			}
		}
	}
	return false
}
