package echohttp

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// The longest filters: nothing longer is ever stored.
const (
	maxSubjectBytes   = 128
	maxEventTypeBytes = 64
)

func (a *api) listAuditEvents(c echo.Context) error {
	const list = "audit-events"
	page, err := pageOf[domain.EventID](a.cursors, c, list)
	if err != nil {
		return err
	}
	filter, err := auditFilter(c)
	if err != nil {
		return err
	}
	events, err := a.Audit.List(c.Request().Context(), filter, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(a.cursors, list, page, events, func(e domain.Event) domain.EventID { return e.ID }, wireAuditEvent))
}

func auditFilter(c echo.Context) (filter application.AuditFilter, err error) {
	if filter.Subject, err = shortParameter(c, "subject", maxSubjectBytes); err != nil {
		return filter, err
	}
	kind, err := shortParameter(c, "type", maxEventTypeBytes)
	if err != nil {
		return filter, err
	}
	filter.Type = domain.EventType(kind)
	if filter.Since, err = timeParameter(c, "since"); err != nil {
		return filter, err
	}
	filter.Until, err = timeParameter(c, "until")
	return filter, err
}

func shortParameter(c echo.Context, name string, most int) (string, error) {
	text, err := queryParameter(c, name)
	if err == nil && len(text) > most {
		return "", domain.Invalid(name, "is too long")
	}
	return text, err
}

// timeParameter reads a time (RFC 3339 §5.6); the zero time when there is none.
// The year 1, which many programs send for no time at all, is refused: it must
// not mean that the filter is off.
func timeParameter(c echo.Context, name string) (time.Time, error) {
	text, err := queryParameter(c, name)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return time.Time{}, domain.Invalid(name, "must be a time such as 2026-01-31T12:00:00Z")
	}
	return at.UTC(), nil
}

func wireAuditEvent(e domain.Event) AuditEvent {
	details := e.Details
	if details == nil {
		details = map[string]string{}
	}
	return AuditEvent{
		ID: string(e.ID), At: e.At, Event: string(e.Type), Outcome: string(e.Outcome), Reason: e.Reason,
		Subject: orNull(e.Subject), Actor: orNull(e.Actor), Session: orNull(string(e.Session)),
		IP: e.Client.Address, UserAgent: e.Client.UserAgent, RequestID: e.RequestID, Count: e.Count, Details: details,
	}
}
