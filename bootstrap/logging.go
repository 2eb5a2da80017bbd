package bootstrap

import (
	"io"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sallyport-auth/sallyport/adapters/cli"
)

// logs is the two loggers: neither samples, so that an attack can't hide in
// its own noise.
type logs struct {
	fx.Out

	Main *zap.Logger
	// Audit writes auth events also when SALLYPORT_LOG_LEVEL keeps the rest quiet.
	Audit *zap.Logger `name:"audit"`
}

// newLogs returns loggers that write to out. A command that runs and ends
// says what it did by itself: its log has warnings alone, and its events are
// in the audit store.
func newLogs(cfg *Configuration, out io.Writer, serving bool) logs {
	level, err := zapcore.ParseLevel(cfg.LogLevel)
	if err != nil {
		level = zapcore.InfoLevel // rules refused it before
	}
	if !serving && level < zapcore.WarnLevel && level != zapcore.DebugLevel {
		level = zapcore.WarnLevel
	}
	encoder := newEncoder(cfg.LogFormat, out)
	sink := zapcore.Lock(zapcore.AddSync(out))
	l := logs{Main: zap.New(zapcore.NewCore(encoder, sink, level)), Audit: zap.NewNop()}
	if serving || level == zapcore.DebugLevel {
		l.Audit = zap.New(zapcore.NewCore(encoder, sink, min(level, zapcore.InfoLevel)))
	}
	return l
}

func newEncoder(format string, out io.Writer) zapcore.Encoder {
	cfg := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", MessageKey: "msg", NameKey: "logger",
		EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
		EncodeTime: func(t time.Time, enc zapcore.PrimitiveArrayEncoder) {
			enc.AppendString(t.UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
		},
	}
	if format != "console" {
		return zapcore.NewJSONEncoder(cfg)
	}
	cfg.ConsoleSeparator = "  "
	if cli.Colours(out) {
		cfg.EncodeLevel = zapcore.LowercaseColorLevelEncoder
	}
	return zapcore.NewConsoleEncoder(cfg)
}

// graphLog tells how the graph is built, to those who debug.
func graphLog(log *zap.Logger) fxevent.Logger {
	l := &fxevent.ZapLogger{Logger: log.Named("fx")}
	l.UseLogLevel(zapcore.DebugLevel)
	l.UseErrorLevel(zapcore.DebugLevel) // Main says it once, in one line
	return l
}
