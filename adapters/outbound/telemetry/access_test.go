package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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

// TestRecordingFails has the log told once, as it begins to fail.
func TestRecordingFails(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	s := &store{}
	usage := newMetrics().ClientUsage(usageStore{s}, zap.New(core))
	for _, s.err = range []error{nil, errBroken, errBroken, nil, errBroken} {
		if err := usage.Record(t.Context(), nil); !errors.Is(err, s.err) {
			t.Errorf("got %v, want %v", err, s.err)
		}
	}
	if logs.Len() != 2 {
		t.Errorf("%d lines, want 2", logs.Len())
	}
}
