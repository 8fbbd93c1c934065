package bootstrap

import (
	"github.com/keystone-auth/keystone/application/clients"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// builtinClientAuth is where a method of client authentication is registered:
// one line each.
func builtinClientAuth(clock outbound.Clock) []clients.Method {
	return []clients.Method{
		clients.NewSecretBasic(clock),
		clients.NewSecretPost(clock),
		clients.Public{},
	}
}

// extraClientAuth are those that WithClientAuth registers.
type extraClientAuth []clients.Method

// WithClientAuth registers one more method of client authentication.
func WithClientAuth(m clients.Method) Option {
	return func(o *options) { o.clientAuth = append(o.clientAuth, m) }
}
