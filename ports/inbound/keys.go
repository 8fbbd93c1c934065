package inbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
)

// SigningKey is a key of the ring as it may be shown: nothing of it is secret.
type SigningKey struct {
	ID          string // kid
	Algorithm   token.Algorithm
	State       token.KeyState
	CreatedAt   time.Time
	ActivatedAt time.Time // zero: it never signed
	RetiredAt   time.Time // zero: not retired
	ExpiresAt   time.Time // of retired keys: no longer trusted or published from here on
}

// SigningKeys administers the key ring. The caller must hold admin:system:
// else CodeInsufficientScope.
type SigningKeys interface {
	// Keys gives a page of the ring, oldest first.
	Keys(ctx context.Context, caller Caller, page domain.Page) (domain.Listing[SigningKey], error)
	// Rotate lets the next key sign from now on and gives it. The one before
	// verifies until its last token has expired.
	Rotate(ctx context.Context, caller Caller) (SigningKey, error)
}
