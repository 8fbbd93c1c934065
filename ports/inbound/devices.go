package inbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// DeviceRequest asks to have a device logged in elsewhere (RFC 8628, section 3.1).
type DeviceRequest struct {
	Client ClientCredentials
	Scope  string
}

// DeviceCodes are the answer (section 3.2).
type DeviceCodes struct {
	Device    domain.Secret // for the device to poll with
	User      string        // for a person to type, XXXX-XXXX
	ExpiresIn time.Duration // whole seconds
	Interval  time.Duration // whole seconds between polls
}

// WaitingDevice is what a person sees of a device before deciding.
type WaitingDevice struct {
	ClientID   string
	ClientName string
	Scope      scope.Set // asked for; empty: all that the client may have
	Origin     domain.Origin
	AskedAt    time.Time
	ExpiresAt  time.Time
}

// Devices logs in what has no browser or keyboard (RFC 8628). For all but the
// first: a client's token, one that somebody else acts with, or one of a login
// through another client than the built-in: KindForbidden; a code that is wrong,
// decided, or expired: KindNotFound.
type Devices interface {
	// Authorize hands out codes. It fails with the codes of RFC 6749, section 5.2.
	Authorize(ctx context.Context, r DeviceRequest) (DeviceCodes, error)
	// Device shows what waits under a user code.
	Device(ctx context.Context, caller Caller, userCode string) (WaitingDevice, error)
	// Approve lets the device in, with no more than the caller's token holds; of
	// any number who decide, one does. The password is the user's, shown anew:
	// wrong is CodeWrongPassword, too often CodeAccountLocked, none CodeInvalidInput.
	Approve(ctx context.Context, caller Caller, userCode string, password domain.Secret) error
	// Deny keeps the device out.
	Deny(ctx context.Context, caller Caller, userCode string) error
}
