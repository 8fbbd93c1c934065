package bootstrap

import (
	"github.com/keystone-auth/keystone/application/clients"
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
