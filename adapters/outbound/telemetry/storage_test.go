package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// store answers every port with what it holds, and its error.
type store struct {
	user    *user.User
	client  *client.ServiceClient
	err     error
	asked   string // the text of the last question
	pending user.PendingRegistration
}

func (s *store) ByLogin(_ context.Context, folded string, _ bool) (*user.User, error) {
	s.asked = folded
	return s.user, s.err
}

func (s *store) ByID(context.Context, domain.ID) (*user.User, error) { return s.user, s.err }

func (s *store) Pending(_ context.Context, folded string, _ bool, _ time.Time) (user.PendingRegistration, error) {
	s.asked = folded
	return s.pending, s.err
}

func (s *store) ByClientID(_ context.Context, id string) (*client.ServiceClient, error) {
	s.asked = id
	return s.client, s.err
}

func (s *store) User(_ context.Context, id domain.ID) (token.Principal, error) {
	return token.Principal{ID: id.String()}, s.err
}

func (s *store) Spend(_ context.Context, spending outbound.Spending) (outbound.Spent, error) {
	s.asked = spending.ClientID
	return outbound.Spent{}, s.err
}

func (s *store) ByDigest(_ context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
	s.asked = string(digest)
	return nil, nil, s.err
}

func (s *store) Keys(context.Context) ([]*token.SigningKey, error) {
	return make([]*token.SigningKey, 2), s.err
}

func (s *store) Get(_ context.Context, key string) (user.Lockout, error) {
	s.asked = key
	return user.NewLockout(key), s.err
}

func (s *store) Swap(context.Context, user.Lockout) (bool, error) { return true, s.err }
func (s *store) Begin(_ context.Context, next user.Lockout) (user.Lockout, bool, error) {
	return next, true, s.err
}

func (s *store) Recent(context.Context, int) ([]domain.Event, error) { return nil, s.err }

func (s *store) Find(_ context.Context, filter domain.AuditFilter, _ domain.Page) (domain.Listing[domain.AuditRecord], error) {
	s.asked = filter.Actor
	return domain.Listing[domain.AuditRecord]{}, s.err
}

func (s *store) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	return errors.Join(work(ctx, outbound.Repositories{}), s.err)
}

// TestStoreCalls makes every call to the store once, well or failing: it is
// timed, and its question and answer come through.
func TestStoreCalls(t *testing.T) {
	ctx := t.Context()
	id := given.ID()
	calls := map[string]func(*telemetry.Metrics, *store) (answered bool, err error){
		"users.by_login": func(m *telemetry.Metrics, s *store) (bool, error) {
			u, err := m.UserDirectory(s).ByLogin(ctx, "question", false)
			return u == s.user && s.asked == "question", err
		},
		"users.by_id": func(m *telemetry.Metrics, s *store) (bool, error) {
			u, err := m.UserDirectory(s).ByID(ctx, id)
			return u == s.user, err
		},
		"users.pending": func(m *telemetry.Metrics, s *store) (bool, error) {
			p, err := m.UserDirectory(s).Pending(ctx, "question", true, given.Now)
			return p == s.pending && s.asked == "question", err
		},
		"clients.by_client_id": func(m *telemetry.Metrics, s *store) (bool, error) {
			c, err := m.ClientDirectory(s).ByClientID(ctx, "question")
			return c == s.client && s.asked == "question", err
		},
		"principals.user": func(m *telemetry.Metrics, s *store) (bool, error) {
			p, err := m.Principals(s).User(ctx, id)
			return p.ID == id.String(), err
		},
		"refresh_tokens.spend": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.RefreshSpender(s).Spend(ctx, outbound.Spending{ClientID: "question"})
			return s.asked == "question", err
		},
		"refresh_tokens.by_digest": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, _, err := m.RefreshDirectory(s).ByDigest(ctx, "question")
			return s.asked == "question", err
		},
		"signing_keys.all": func(m *telemetry.Metrics, s *store) (bool, error) {
			keys, err := m.KeyDirectory(s).Keys(ctx)
			return len(keys) == 2, err
		},
		"events.find": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.AuditLog(s).Find(ctx, domain.AuditFilter{Actor: "question"}, domain.Page{})
			return s.asked == "question", err
		},
		"lockouts.get": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.Lockouts(s).Get(ctx, "question")
			return s.asked == "question", err
		},
		"lockouts.swap": func(m *telemetry.Metrics, s *store) (bool, error) {
			return m.Lockouts(s).Swap(ctx, user.NewLockout("question"))
		},
		"lockouts.begin": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, stored, err := m.Lockouts(s).Begin(ctx, user.NewLockout("question"))
			return stored, err
		},
		"roles.by_name": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.RoleDirectory(roleStore{s}).ByName(ctx, "question")
			return s.asked == "question", err
		},
		"roles.list": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.RoleDirectory(roleStore{s}).List(ctx, domain.Page{After: "question"})
			return s.asked == "question", err
		},
		"scopes.by_name": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.ScopeDirectory(scopeStore{s}).ByName(ctx, "question")
			return s.asked == "question", err
		},
		"scopes.list": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.ScopeDirectory(scopeStore{s}).List(ctx, domain.Page{After: "question"})
			return s.asked == "question", err
		},
		"clients.record_use": func(m *telemetry.Metrics, s *store) (bool, error) {
			return true, m.ClientUsage(usageStore{s}, zap.NewNop()).Record(ctx, nil)
		},
		"clients.list": func(m *telemetry.Metrics, s *store) (bool, error) {
			_, err := m.ClientUsage(usageStore{s}, zap.NewNop()).List(ctx, domain.Page{After: "question"})
			return s.asked == "question", err
		},
		"unit_of_work": func(m *telemetry.Metrics, s *store) (bool, error) {
			worked := false
			err := m.UnitOfWork(s).Do(ctx, func(context.Context, outbound.Repositories) error { worked = true; return nil })
			return worked, err
		},
	}
	for operation, call := range calls {
		t.Run(operation, func(t *testing.T) {
			m := newMetrics()
			for _, want := range []error{nil, errBroken} {
				answered, err := call(m, &store{user: given.User(), client: given.Client(), err: want})
				if !answered || !errors.Is(err, want) {
					t.Errorf("answered: %v, error: %v, want %v", answered, err, want)
				}
			}
			wantMoved(t, m, "keystone_db_query_duration_seconds_count", map[string]string{"operation=" + operation: "2"})
			wantMoved(t, m, "keystone_db_query_duration_seconds_sum", map[string]string{"operation=" + operation: "0.004"})
		})
	}
}
