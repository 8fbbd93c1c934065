package bootstrap

import (
	"io"
	"os"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

// logDelay is how long a line may wait for others to be written with. A write
// for each costs as much as some answers do.
const logDelay = 100 * time.Millisecond

// newLogger writes to standard output: JSON, or text for people on a terminal.
// Warnings and errors are written at once, with all before them; closing writes
// what is left.
func newLogger(cfg *config.Config) (logger *zap.Logger, closing func() error, err error) {
	level, err := zapcore.ParseLevel(cfg.Log.Level)
	if err != nil {
		return nil, nil, err
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.TimeKey, encoding.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	encoder := zapcore.NewJSONEncoder(encoding)
	if cfg.Log.Format == "console" || cfg.Log.Format == "" && isTerminal(os.Stdout) {
		encoder = zapcore.NewConsoleEncoder(encoding)
	}
	// Without the file's Sync: no request waits for a disk to keep its line.
	out := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(struct{ io.Writer }{os.Stdout}), FlushInterval: logDelay}
	urgent := func(e zapcore.Entry) error {
		if e.Level < zapcore.WarnLevel {
			return nil
		}
		return out.Sync()
	}
	return zap.New(zapcore.NewCore(encoder, out, level), zap.Hooks(urgent)), out.Stop, nil
}

// newCommandLogger writes warnings and errors to standard error: what a command
// prints on standard output is its result, and its events are in the trail.
func newCommandLogger() *zap.Logger { return newLines(os.Stderr, zap.WarnLevel) }

// newLines writes JSON, each line at once.
func newLines(to io.Writer, least zapcore.Level) *zap.Logger {
	encoding := zap.NewProductionEncoderConfig()
	encoding.TimeKey, encoding.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoding), zapcore.Lock(zapcore.AddSync(to)), least))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Version is the module's version as it was built.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
