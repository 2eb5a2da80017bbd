package zapaudit

import (
	"context"
	"maps"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var _ application.Recorder = (*Recorder)(nil)

// Recorder writes events to a logger. It is safe for concurrent use.
type Recorder struct{ log *zap.Logger }

// New returns a Recorder that writes to log, whose core must not sample.
func New(log *zap.Logger) *Recorder { return &Recorder{log} }

// Record writes one line: at info, or at debug for access that was granted,
// which happens with every request.
func (r *Recorder) Record(_ context.Context, e domain.Event) {
	level := zapcore.InfoLevel
	if e.Type == domain.AccessGranted {
		level = zapcore.DebugLevel
	}
	entry := r.log.Check(level, "auth event")
	if entry == nil {
		return
	}
	// These are on every line, also when they are empty.
	fields := append(make([]zap.Field, 0, 13),
		zap.String("event", string(e.Type)),
		zap.String("outcome", string(e.Outcome)),
		zap.String("reason", e.Reason),
		zap.String("subject", e.Subject),
		zap.String("session", string(e.Session)),
		zap.String("ip", e.Client.Address),
		zap.String("user_agent", e.Client.UserAgent),
		zap.String("request_id", e.RequestID),
		zap.Time("at", e.At),
		zap.String("id", string(e.ID)),
	)
	if e.Actor != "" {
		fields = append(fields, zap.String("actor", e.Actor))
	}
	if e.Count > 1 {
		fields = append(fields, zap.Int("count", e.Count))
	}
	if len(e.Details) > 0 {
		fields = append(fields, zap.Object("details", details(e.Details)))
	}
	entry.Write(fields...)
}

// details are written in one order, so that equal events are equal lines.
type details map[string]string

// MarshalLogObject is zap's.
func (d details) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	for _, k := range slices.Sorted(maps.Keys(d)) {
		enc.AddString(k, d[k])
	}
	return nil
}
