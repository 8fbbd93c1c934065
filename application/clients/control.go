package clients

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Control oversees all clients.
type Control struct {
	service *Service
	usage   outbound.ClientUsage
}

var _ inbound.ClientControl = (*Control)(nil)

// NewControl makes the service over the one that changes clients.
func NewControl(service *Service, usage outbound.ClientUsage) *Control {
	return &Control{service: service, usage: usage}
}

// List gives a page of all clients, with their last use.
func (c *Control) List(ctx context.Context, caller inbound.Caller, page domain.Page) (domain.Listing[inbound.ListedClient], error) {
	if err := caller.Needs(scope.AdminClients); err != nil {
		return domain.Listing[inbound.ListedClient]{}, err
	}
	found, err := c.usage.List(ctx, page)
	return domain.EachOf(found, func(u outbound.ClientUse) inbound.ListedClient {
		return inbound.ListedClient{Client: u.Client.Snapshot(), LastUsedAt: u.LastUsedAt}
	}), err
}

// Activate lets a client ask for tokens again. What was being issued at the
// moment it was deactivated, and so escaped, ends now.
func (c *Control) Activate(ctx context.Context, caller inbound.Caller, clientID string, version int64) error {
	return c.service.edit(ctx, caller, scope.AdminClients, clientID, version, func(ctx context.Context, r outbound.Repositories, found *client.ServiceClient) (bool, error) {
		now := c.service.clock.Now()
		changed, err := found.Activate(caller.Party(), now)
		if err != nil || !changed {
			return false, err
		}
		// Tokens tell the millisecond they were issued in: one that is asked for
		// as soon as this is answered must not fall into it.
		return true, c.service.endAll(ctx, r, clientID, now.Add(-time.Millisecond))
	})
}

// Deactivate keeps a client from everything and ends what goes through it, so
// that nothing of it comes back should the client be activated again.
func (c *Control) Deactivate(ctx context.Context, caller inbound.Caller, clientID string, version int64) error {
	return c.service.edit(ctx, caller, scope.AdminClients, clientID, version, func(ctx context.Context, r outbound.Repositories, found *client.ServiceClient) (bool, error) {
		now := c.service.clock.Now()
		changed, err := found.Deactivate(caller.Party(), now)
		if err != nil || !changed {
			return false, err
		}
		return true, c.service.endAll(ctx, r, clientID, now)
	})
}
