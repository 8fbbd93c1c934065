package inbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// EmailChange asks for another address, with the password that proves it.
type EmailChange struct {
	Email           string
	CurrentPassword domain.Secret
}

// OwnAddresses is what people do with the addresses they are reached at. A
// client's token: KindForbidden.
type OwnAddresses interface {
	// ChangeEmail has a mail sent to the new address, which takes the place of
	// the old once it is verified; the old is told. It changes the profile in
	// the same step; see Accounts.ChangeProfile. A wrong password:
	// CodeWrongPassword or CodeAccountLocked. Whether the address is taken is
	// not told.
	ChangeEmail(ctx context.Context, caller Caller, email EmailChange, profile user.ProfileChange, ifVersion int64) (Account, error)
	// RequestPhone has a code sent to a number, for ten minutes. Not a number:
	// CodeInvalidInput. No way to send one: KindUnavailable.
	RequestPhone(ctx context.Context, caller Caller, phone string) error
	// VerifyPhone makes the number the caller's own. A wrong, used, replaced or
	// expired code, or the sixth: CodeInvalidCode.
	VerifyPhone(ctx context.Context, caller Caller, code domain.Secret) error
}
