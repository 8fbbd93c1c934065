package inbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
)

// Denial is what a verified caller was refused.
type Denial struct {
	Caller  Caller
	Tried   string       // the name of the operation, and what it would have given or taken
	Subject domain.Party // whom or what it would have changed
	Code    domain.Code
}

// Denials keeps what callers were refused in the audit trail.
type Denials interface {
	// Denied keeps one; of a caller who is refused all the time only so many a
	// minute, and then how many more there were. What can't be stored: KindUnavailable.
	Denied(ctx context.Context, denial Denial) error
}
