//go:build !linux

package bootstrap

import (
	"context"
	"errors"
	"net"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// refuseNewcomers is for Linux; elsewhere a connection that is made in the moment
// of closing may be reset.
func refuseNewcomers(context.Context, net.Listener, outbound.Clock) error {
	return errors.ErrUnsupported
}
