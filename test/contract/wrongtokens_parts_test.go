package contract_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

type undeleted struct{ outbound.Tickets }

func (undeleted) Delete(context.Context, *token.Ticket) error { return nil }

type adding struct{ outbound.Tickets }

func (a adding) Add(ctx context.Context, t *token.Ticket) error { return a.Put(ctx, t) }

type careless struct{ outbound.Tickets }

func (c careless) Save(ctx context.Context, t *token.Ticket) error {
	return except(c.Tickets.Save(ctx, t), domain.CodeNotFound)
}
func (c careless) Delete(ctx context.Context, t *token.Ticket) error {
	return except(c.Tickets.Delete(ctx, t), domain.CodeNotFound)
}

type unexpired struct{ outbound.Tickets }

func (u unexpired) Get(ctx context.Context, purpose, holder string) (*token.Ticket, error) {
	t, err := u.Tickets.Get(ctx, purpose, holder)
	if err == nil && !t.Alive(time.Now()) {
		return nil, domain.NotFound("expired")
	}
	return t, err
}

type reversed struct{ outbound.Sessions }

func (r reversed) Alive(ctx context.Context, id domain.ID, now time.Time) ([]*token.Session, error) {
	all, err := r.Sessions.Alive(ctx, id, now)
	slices.Reverse(all)
	return all, err
}

type unending struct{ outbound.Sessions }

func (unending) EndThrough(context.Context, string, token.EndReason, time.Time) (int, error) {
	return 0, nil
}

type doubling struct{ outbound.RefreshTokens }

func (d doubling) Add(ctx context.Context, t *token.RefreshToken) error {
	return except(d.RefreshTokens.Add(ctx, t), domain.CodeConflict)
}

type careworn struct{ outbound.Settings }

func (c careworn) Save(ctx context.Context, s *domain.Settings) error {
	return except(c.Settings.Save(ctx, s), domain.CodeConflict)
}

type sessionList func(context.Context, domain.ID, time.Time, domain.Page) (domain.Listing[outbound.LivingSession], error)

func (f sessionList) Alive(ctx context.Context, id domain.ID, now time.Time, page domain.Page) (domain.Listing[outbound.LivingSession], error) {
	return f(ctx, id, now, page)
}

func alive(change func(*domain.Listing[outbound.LivingSession])) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.SessionList
		s.SessionList = sessionList(func(ctx context.Context, id domain.ID, now time.Time, page domain.Page) (domain.Listing[outbound.LivingSession], error) {
			found, err := next.Alive(ctx, id, now, page)
			change(&found)
			return found, err
		})
	}
}

func aliveAt(change func(context.Context, time.Time, domain.Page) (context.Context, time.Time, domain.Page)) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.SessionList
		s.SessionList = sessionList(func(ctx context.Context, id domain.ID, now time.Time, page domain.Page) (domain.Listing[outbound.LivingSession], error) {
			ctx, now, page = change(ctx, now, page)
			return next.Alive(ctx, id, now, page)
		})
	}
}

type spenderFunc func(context.Context, outbound.Spending) (outbound.Spent, error)

func (f spenderFunc) Spend(ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
	return f(ctx, s)
}

func spending(spend func(outbound.RefreshSpender, context.Context, outbound.Spending) (outbound.Spent, error)) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.Spender
		s.Spender = spenderFunc(func(ctx context.Context, asked outbound.Spending) (outbound.Spent, error) {
			return spend(next, ctx, asked)
		})
	}
}

type keysFunc func(context.Context) ([]*token.SigningKey, error)

func (f keysFunc) Keys(ctx context.Context) ([]*token.SigningKey, error) { return f(ctx) }

func keys(change func([]*token.SigningKey)) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.Keys
		s.Keys = keysFunc(func(ctx context.Context) ([]*token.SigningKey, error) {
			all, err := next.Keys(ctx)
			change(all)
			return all, err
		})
	}
}

type signalLog struct {
	outbound.SignalLog
	since func(context.Context, time.Time) ([]token.Signal, time.Time, error)
	prune func(context.Context, time.Time, int) (int, error)
}

func (l signalLog) Since(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
	return l.since(ctx, mark)
}
func (l signalLog) Prune(ctx context.Context, now time.Time, limit int) (int, error) {
	return l.prune(ctx, now, limit)
}

func since(change func(signals []token.Signal, next, mark time.Time) ([]token.Signal, time.Time)) func(*contract.Store) {
	return func(s *contract.Store) {
		inner := s.Signals
		s.Signals = signalLog{inner, func(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
			signals, next, err := inner.Since(ctx, mark)
			signals, next = change(signals, next, mark)
			return signals, next, err
		}, inner.Prune}
	}
}

func pruning(prune func(context.Context, time.Time, int) (int, error)) func(*contract.Store) {
	return func(s *contract.Store) { s.Signals = signalLog{s.Signals, s.Signals.Since, prune} }
}

type vault struct {
	outbound.Vault
	keep func(context.Context, string, []byte) ([]byte, error)
}

func (v vault) Keep(ctx context.Context, name string, proposed []byte) ([]byte, error) {
	return v.keep(ctx, name, proposed)
}

func vaults(keep func(outbound.Vault, context.Context, string, []byte) ([]byte, error)) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.Vault
		s.Vault = vault{next, func(ctx context.Context, name string, proposed []byte) ([]byte, error) {
			return keep(next, ctx, name, proposed)
		}}
	}
}

type oldestFirst struct{ outbound.AuditLog }

func (l oldestFirst) Find(ctx context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	found, err := l.AuditLog.Find(ctx, filter, page)
	slices.Reverse(found.Items)
	return found, err
}

type deafLog struct{ outbound.AuditLog }

func (l deafLog) Find(ctx context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	return l.AuditLog.Find(context.WithoutCancel(ctx), filter, page)
}

type foundLog struct {
	outbound.AuditLog
	change func(*domain.AuditFilter, *domain.Page)
}

func (l foundLog) Find(ctx context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	l.change(&filter, &page)
	return l.AuditLog.Find(ctx, filter, page)
}

func finding(change func(*domain.AuditFilter, *domain.Page)) func(*contract.Store) {
	return func(s *contract.Store) { s.Audit = foundLog{s.Audit, change} }
}

type userList struct {
	outbound.UserList
	change func(*outbound.UserFilter, *domain.Page)
}

func (l userList) List(ctx context.Context, filter outbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	l.change(&filter, &page)
	return l.UserList.List(ctx, filter, page)
}

func listing(change func(*outbound.UserFilter, *domain.Page)) func(*contract.Store) {
	return func(s *contract.Store) { s.UserList = userList{s.UserList, change} }
}

type deafList struct{ outbound.UserList }

func (l deafList) List(ctx context.Context, filter outbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	return l.UserList.List(context.WithoutCancel(ctx), filter, page)
}

type refreshFunc func(context.Context, token.Digest) (*token.RefreshToken, *token.Session, error)

func (f refreshFunc) ByDigest(ctx context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
	return f(ctx, digest)
}

// remembered gives the same token to all who ask.
func remembered(s *contract.Store) {
	next, known := s.Refresh, sync.Map{}
	s.Refresh = refreshFunc(func(ctx context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
		link, session, err := next.ByDigest(ctx, digest)
		if err != nil {
			return nil, nil, err
		}
		kept, _ := known.LoadOrStore(digest, link)
		return kept.(*token.RefreshToken), session, nil
	})
}

type historyFunc func(context.Context, domain.ID, int) ([]string, error)

func (f historyFunc) Recent(ctx context.Context, id domain.ID, limit int) ([]string, error) {
	return f(ctx, id, limit)
}

type statistics func(context.Context, time.Time, int) (domain.Statistics, error)

func (f statistics) Count(ctx context.Context, now time.Time, hours int) (domain.Statistics, error) {
	return f(ctx, now, hours)
}

func counting(change func(*domain.Statistics)) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.Statistics
		s.Statistics = statistics(func(ctx context.Context, now time.Time, hours int) (domain.Statistics, error) {
			counted, err := next.Count(ctx, now, hours)
			change(&counted)
			return counted, err
		})
	}
}

func countingAt(change func(context.Context, int) (context.Context, int)) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.Statistics
		s.Statistics = statistics(func(ctx context.Context, now time.Time, hours int) (domain.Statistics, error) {
			ctx, hours = change(ctx, hours)
			return next.Count(ctx, now, hours)
		})
	}
}
