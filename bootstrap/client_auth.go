package bootstrap

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/application/clients"
	"github.com/keystone-auth/keystone/application/operations"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
)

// clientAuthList is where a method of client authentication is registered: one
// line each.
func clientAuthList(p parts, more additions) []clients.Method {
	list := []clients.Method{
		clients.NewSecretBasic(p.out.Clock),
		clients.NewSecretPost(p.out.Clock),
		clients.Public{},
		clients.NewPrivateKeyJWT(p.assertions),
	}
	for _, construct := range more.clientAuth {
		list = append(list, construct(p.kit()))
	}
	return list
}

// uses has the use of clients noted: when it was the last time, and in the line of
// the request who proved to be asking.
func uses(usage *clients.Usage) func(ctx context.Context, c *client.ServiceClient, at time.Time) {
	return func(ctx context.Context, c *client.ServiceClient, at time.Time) {
		usage.Used(c.ClientID(), at)
		if !c.IsPublic() {
			rest.Proved(ctx, c.ClientID())
		}
	}
}

// refusals has clients that did not prove themselves kept in the trail. A refusal
// that can't be kept stands.
func refusals(denials *operations.Denials, logger *zap.Logger) func(ctx context.Context, c domain.Party) {
	return func(ctx context.Context, c domain.Party) {
		if err := denials.ClientRefused(ctx, c); err != nil {
			logger.Warn("a client that was refused is not in the trail", zap.Error(err))
		}
	}
}
