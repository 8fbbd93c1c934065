package jobs

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
)

// handler brings River's warnings and errors into the log. What it has to say
// beside is about every job; the reactions' failures are told elsewhere.
type handler struct {
	logger *zap.Logger
	fields []zap.Field
}

func newLog(logger *zap.Logger) *slog.Logger { return slog.New(handler{logger: logger}) }

// Enabled implements slog.Handler.
func (handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (h handler) Handle(_ context.Context, record slog.Record) error {
	fields := h.fields[:len(h.fields):len(h.fields)]
	record.Attrs(func(a slog.Attr) bool {
		fields = append(fields, zap.Any(a.Key, a.Value.Any()))
		return true
	})
	if record.Level >= slog.LevelError {
		h.logger.Error(record.Message, fields...)
	} else {
		h.logger.Warn(record.Message, fields...)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	fields := h.fields[:len(h.fields):len(h.fields)]
	for _, a := range attrs {
		fields = append(fields, zap.Any(a.Key, a.Value.Any()))
	}
	return handler{logger: h.logger, fields: fields}
}

// WithGroup implements slog.Handler; River makes no groups.
func (h handler) WithGroup(string) slog.Handler { return h }
