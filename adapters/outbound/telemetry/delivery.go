package telemetry

import (
	"context"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/ports/outbound"
)

type mailer struct {
	outbound.Mailer
	logger *zap.Logger
}

// Mailer tells the log of each mail that left: its template and id, never whom
// it went to or what it says. Failures are told by whoever tries again.
func Mailer(next outbound.Mailer, logger *zap.Logger) outbound.Mailer {
	return mailer{Mailer: next, logger: logger}
}

func (m mailer) Send(ctx context.Context, mail outbound.Mail) error {
	err := m.Mailer.Send(ctx, mail)
	if err == nil {
		m.logger.Info("a mail was sent", zap.String("template", string(mail.Template)), zap.String("id", mail.ID))
	}
	return err
}

type texter struct {
	outbound.Texter
	logger *zap.Logger
}

// Texter is Mailer for SMS.
func Texter(next outbound.Texter, logger *zap.Logger) outbound.Texter {
	return texter{Texter: next, logger: logger}
}

func (t texter) Send(ctx context.Context, text outbound.Text) error {
	err := t.Texter.Send(ctx, text)
	if err == nil {
		t.logger.Info("a text was sent", zap.String("id", text.ID))
	}
	return err
}
