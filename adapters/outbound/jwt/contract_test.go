package jwt_test

import (
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/jwt"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

func TestContract(t *testing.T) {
	contract.RunTokenCodec(t, func(*testing.T) outbound.TokenCodec { return codec })
}

func TestAssertionsContract(t *testing.T) {
	contract.RunAssertions(t, func(*testing.T) outbound.Assertions { return jwt.NewAssertions() })
}
