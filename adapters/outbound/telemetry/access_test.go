package telemetry_test

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Lists have one name in several ports, so each port has a face of its own.
type (
	roleStore  struct{ *store }
	scopeStore struct{ *store }
	usageStore struct{ *store }
)

func (s roleStore) ByName(_ context.Context, name role.Name) (*role.Role, error) {
	s.asked = string(name)
	return nil, s.err
}

func (s roleStore) List(_ context.Context, page domain.Page) (domain.Listing[*role.Role], error) {
	s.asked = page.After
	return domain.Listing[*role.Role]{}, s.err
}

func (s scopeStore) ByName(_ context.Context, name scope.Name) (*scope.Scope, error) {
	s.asked = string(name)
	return nil, s.err
}

func (s scopeStore) List(_ context.Context, page domain.Page) (domain.Listing[*scope.Scope], error) {
	s.asked = page.After
	return domain.Listing[*scope.Scope]{}, s.err
}

func (s usageStore) Record(context.Context, map[string]time.Time) error { return s.err }

func (s usageStore) List(_ context.Context, page domain.Page) (domain.Listing[outbound.ClientUse], error) {
	s.asked = page.After
	return domain.Listing[outbound.ClientUse]{}, s.err
}
