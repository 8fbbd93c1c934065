package reactions

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Codes makes the texts that verify phones; false where none is due any more.
type Codes interface {
	Code(ctx context.Context, o domain.Occurrence) (outbound.Text, bool, error)
}

// PhoneCode texts the code that verifies a phone.
type PhoneCode struct {
	codes  Codes
	texter outbound.Texter
}

var _ inbound.Reaction = (*PhoneCode)(nil)

// NewPhoneCode makes the reaction.
func NewPhoneCode(codes Codes, texter outbound.Texter) *PhoneCode {
	return &PhoneCode{codes: codes, texter: texter}
}

// Name implements inbound.Reaction.
func (*PhoneCode) Name() string { return "phone_code" }

// On implements inbound.Reaction.
func (*PhoneCode) On() []domain.EventType { return []domain.EventType{domain.EventPhoneAsked} }

// React implements inbound.Reaction.
func (p *PhoneCode) React(ctx context.Context, o domain.Occurrence) error {
	text, due, err := p.codes.Code(ctx, o)
	if err != nil || !due {
		return err
	}
	return p.texter.Send(ctx, text)
}
