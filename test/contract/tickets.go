package contract

import (
	"context"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunTickets holds an implementation to outbound.Tickets.
func RunTickets(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	put := func(t *testing.T, ticket *token.Ticket) {
		t.Helper()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error { return r.Tickets.Put(ctx, ticket) })
	}
	get := func(t *testing.T, of *token.Ticket) (*token.Ticket, error) {
		return read(t, s, func(ctx context.Context, r outbound.Repositories) (*token.Ticket, error) {
			return r.Tickets.Get(ctx, of.Snapshot().Purpose, of.Snapshot().Holder)
		})
	}
	t.Run("a ticket comes back as it was, expired or not", func(t *testing.T) {
		for _, expires := range []time.Time{given.Now, now().Add(time.Hour)} {
			ticket := given.Ticket(func(p *token.TicketSnapshot) { p.ExpiresAt, p.Tries = expires.In(elsewhere), 3 })
			put(t, ticket)
			got, err := get(t, ticket)
			ok(t, err)
			want := ticket.Snapshot()
			want.ExpiresAt = want.ExpiresAt.UTC()
			same(t, "ticket", got.Snapshot(), want)
		}
	})
	t.Run("one that is not there", func(t *testing.T) {
		ticket := given.Ticket()
		_, err := get(t, ticket)
		wantKind(t, err, domain.KindNotFound)
		for name, call := range map[string]func(context.Context, outbound.Repositories) error{
			"save":   func(ctx context.Context, r outbound.Repositories) error { return r.Tickets.Save(ctx, ticket) },
			"delete": func(ctx context.Context, r outbound.Repositories) error { return r.Tickets.Delete(ctx, ticket) },
		} {
			t.Run(name, func(t *testing.T) { wantKind(t, s.do(t, call), domain.KindNotFound) })
		}
	})
	t.Run("a holder has one of a purpose, the latest", func(t *testing.T) {
		first := given.Ticket()
		of := func(p *token.TicketSnapshot) { p.Holder, p.Purpose = first.Snapshot().Holder, first.Snapshot().Purpose }
		second := given.Ticket(of)
		otherPurpose := given.Ticket(of, func(p *token.TicketSnapshot) { p.Purpose = given.Name("purpose") })
		otherHolder := given.Ticket(func(p *token.TicketSnapshot) { p.Purpose = first.Snapshot().Purpose })
		for _, ticket := range []*token.Ticket{first, otherPurpose, otherHolder, second} {
			put(t, ticket)
		}
		for _, want := range []*token.Ticket{second, otherPurpose, otherHolder} {
			got, err := get(t, want)
			ok(t, err)
			same(t, "ticket", got.Snapshot(), want.Snapshot())
		}
		t.Run("and the one it replaced is gone", func(t *testing.T) {
			wantKind(t, s.do(t, func(ctx context.Context, r outbound.Repositories) error { return r.Tickets.Save(ctx, first) }), domain.KindNotFound)
			wantKind(t, s.do(t, func(ctx context.Context, r outbound.Repositories) error { return r.Tickets.Delete(ctx, first) }), domain.KindNotFound)
		})
	})
	t.Run("what was added is not added again, expired or not", func(t *testing.T) {
		for _, expires := range []time.Time{given.Now, now().Add(time.Hour)} {
			first := given.Ticket(func(p *token.TicketSnapshot) { p.ExpiresAt = expires })
			again := given.Ticket(func(p *token.TicketSnapshot) { p.Holder, p.Purpose = first.Snapshot().Holder, first.Snapshot().Purpose })
			otherHolder := given.Ticket(func(p *token.TicketSnapshot) { p.Purpose = first.Snapshot().Purpose })
			add := func(ticket *token.Ticket) error {
				return s.do(t, func(ctx context.Context, r outbound.Repositories) error { return r.Tickets.Add(ctx, ticket) })
			}
			ok(t, add(first))
			wantCode(t, add(again), domain.CodeConflict)
			ok(t, add(otherHolder))
			got, err := get(t, first)
			ok(t, err)
			same(t, "ticket", got.Snapshot(), first.Snapshot())
		}
	})
	t.Run("of many who add one, one does", func(t *testing.T) {
		first := given.Ticket()
		wantWinners(t, race(20, func(int) error {
			return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				return r.Tickets.Add(ctx, given.Ticket(func(p *token.TicketSnapshot) {
					p.Holder, p.Purpose = first.Snapshot().Holder, first.Snapshot().Purpose
				}))
			})
		}), 1, domain.CodeConflict)
	})
	t.Run("a try that is refused is kept", func(t *testing.T) {
		ticket := given.Ticket()
		put(t, ticket)
		refused := domain.Invalid(domain.CodeInvalidCode, "wrong")
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			held, err := r.Tickets.Get(ctx, ticket.Snapshot().Purpose, ticket.Snapshot().Holder)
			if err != nil {
				return err
			}
			held.Admit("wrong", 5, given.Now)
			if err := r.Tickets.Save(ctx, held); err != nil {
				return err
			}
			return domain.Refuse(refused)
		})
		wantCode(t, err, domain.CodeInvalidCode)
		got, err := get(t, ticket)
		ok(t, err)
		same(t, "tries", got.Snapshot().Tries, 1)
	})
	t.Run("what rolls back is not spent", func(t *testing.T) {
		ticket := given.Ticket()
		put(t, ticket)
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := r.Tickets.Delete(ctx, ticket); err != nil {
				return err
			}
			return domain.Forbidden("undo")
		})
		wantCode(t, err, domain.CodeForbidden)
		_, err = get(t, ticket)
		ok(t, err)
	})
	t.Run("of many who try to spend it one does, and each wrong try counts", func(t *testing.T) {
		spent, guessed := given.Ticket(), given.Ticket()
		put(t, spent)
		put(t, guessed)
		wantWinners(t, race(20, func(int) error {
			return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				held, err := r.Tickets.Get(ctx, spent.Snapshot().Purpose, spent.Snapshot().Holder)
				if err != nil {
					return err
				}
				return r.Tickets.Delete(ctx, held)
			})
		}), 1, domain.CodeNotFound)
		wantAll(t, race(20, func(int) error {
			return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				held, err := r.Tickets.Get(ctx, guessed.Snapshot().Purpose, guessed.Snapshot().Holder)
				if err != nil {
					return err
				}
				held.Admit("wrong", 100, given.Now)
				return r.Tickets.Save(ctx, held)
			})
		}))
		got, err := get(t, guessed)
		ok(t, err)
		same(t, "tries", got.Snapshot().Tries, 20)
	})
	t.Run("concurrent replacements leave one", func(t *testing.T) {
		first := given.Ticket()
		wantAll(t, race(10, func(int) error {
			return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				return r.Tickets.Put(ctx, given.Ticket(func(p *token.TicketSnapshot) {
					p.Holder, p.Purpose = first.Snapshot().Holder, first.Snapshot().Purpose
				}))
			})
		}))
		_, err := get(t, first)
		ok(t, err)
	})
}
