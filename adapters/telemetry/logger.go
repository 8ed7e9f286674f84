package telemetry

import (
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Logger returns a logger that writes lines at or above level to out. The lines are JSON, or
// human-readable if format is "console". The logger is safe for concurrent use.
func Logger(out io.Writer, level zapcore.Level, format string) *zap.Logger {
	settings := zap.NewProductionEncoderConfig()
	settings.TimeKey, settings.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	settings.MessageKey = "message"
	encoder := zapcore.NewJSONEncoder(settings)
	if format == "console" {
		settings.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(settings)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), level))
}

// allLevels returns a core that writes the entries of every level through the given core, even the levels that the
// given core excludes.
func allLevels(core zapcore.Core) zapcore.Core { return unleveledCore{core} }

// unleveledCore is a core without a level. It relies on Core.Write, which does not check the level.
type unleveledCore struct{ zapcore.Core }

// Enabled implements zapcore.Core. It always returns true.
func (unleveledCore) Enabled(zapcore.Level) bool { return true }

// With implements zapcore.Core.
func (c unleveledCore) With(fields []zapcore.Field) zapcore.Core {
	return unleveledCore{c.Core.With(fields)}
}

// Check implements zapcore.Core. It adds this core to the cores that write the entry.
func (c unleveledCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return checked.AddCore(entry, c)
}
