package telemetry

import (
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Logger returns a logger that writes lines at or above level to out: as JSON, or in a
// human-readable form if format is "console". It is safe for concurrent use.
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
