package inbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
)

// Recovery is what people do who have nothing to show but their mailbox.
type Recovery interface {
	// RequestVerification has a mail sent that verifies the address, if an
	// account waits for that. The answer tells nothing, and takes the same time.
	RequestVerification(ctx context.Context, email string) error
	// VerifyEmail spends a mailed token. Not valid, for whatever reason:
	// CodeInvalidVerification.
	VerifyEmail(ctx context.Context, raw domain.Secret) error
	// RequestReset is RequestVerification for a new password.
	RequestReset(ctx context.Context, email string) error
	// ResetPassword spends a mailed token for a new password: every session
	// ends, and a lock. A password that the policy refuses is CodeInvalidInput
	// and spends nothing. A token that is not valid: CodeInvalidReset.
	ResetPassword(ctx context.Context, raw, next domain.Secret) error
}
