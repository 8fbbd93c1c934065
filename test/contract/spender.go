package contract

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunSpender holds an implementation to outbound.RefreshSpender.
func RunSpender(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { spenderBehaviour(t, s) })
	t.Run("atomicity", func(t *testing.T) { spenderStates(t, s) })
	t.Run("contention", func(t *testing.T) { spenderContention(t, s) })
}

func spendingOf(link *token.RefreshToken) outbound.Spending {
	return outbound.Spending{
		Presented: link.Snapshot().Digest, ClientID: link.Snapshot().ClientID,
		Successor: given.Successor(), Now: given.Now.Add(time.Minute), TTL: 720 * time.Hour,
	}
}

// wantSpent holds the outcome of a spending to be what the domain's own Spend
// makes of the same token.
func (s Store) wantSpent(t *testing.T, spent outbound.Spent, session *token.Session, link *token.RefreshToken, by outbound.Spending) {
	t.Helper()
	next, err := link.Spend(session, by.Successor, by.Now, by.TTL)
	ok(t, err)
	same(t, "spent", spent, outbound.Spent{
		SessionID: session.ID(), SessionEnds: session.Snapshot().ExpiresAt, UserID: session.UserID(), Scope: link.Snapshot().Scope,
	})
	presented, stored := s.refresh(t, by.Presented)
	same(t, "presented", presented, link.Snapshot())
	same(t, "session", stored, session.Snapshot())
	successor, _ := s.refresh(t, by.Successor.Digest)
	same(t, "successor", successor, next.Snapshot())

	events := s.events(t, session.UserID().String())
	if len(events) != 1 {
		t.Fatalf("%d events, want one", len(events))
	}
	wantLen(t, "events", events, 1)
	e := events[0]
	same(t, "type", e.Type, domain.EventTokenRefreshed)
	same(t, "outcome", e.Outcome, domain.Succeeded)
	same(t, "actor", []string{string(e.Actor.Kind), e.Actor.ID}, []string{string(domain.PartyClient), by.ClientID})
	same(t, "subject", e.Subject.Kind, domain.PartyUser)
	same(t, "occurred at", e.OccurredAt, by.Now)
}

func spenderBehaviour(t *testing.T, s Store) {
	t.Run("a spendable token gives its successor", func(t *testing.T) {
		session, link := s.chain(t)
		by := spendingOf(link)
		spent, err := s.Spender.Spend(within(t), by)
		ok(t, err)
		s.wantSpent(t, spent, session, link, by)
	})
	t.Run("a token without scope too", func(t *testing.T) {
		session, _ := s.chain(t)
		link := given.Refresh(session, func(r *token.RefreshSnapshot) { r.Scope = nil })
		s.given(t, link)
		by := spendingOf(link)
		spent, err := s.Spender.Spend(within(t), by)
		ok(t, err)
		s.wantSpent(t, spent, session, link, by)
	})
	t.Run("the successor ends with the session at the latest", func(t *testing.T) {
		for _, beyond := range []time.Duration{-time.Microsecond, 0, time.Microsecond, 1000 * time.Hour} {
			session, link := s.chain(t)
			by := spendingOf(link)
			by.TTL = session.Snapshot().ExpiresAt.Sub(by.Now) + beyond
			spent, err := s.Spender.Spend(within(t), by)
			ok(t, err)
			s.wantSpent(t, spent, session, link, by)
		}
	})
	t.Run("times of another zone are the same times", func(t *testing.T) {
		session, link := s.chain(t)
		by := spendingOf(link)
		by.Now = by.Now.In(elsewhere)
		spent, err := s.Spender.Spend(within(t), by)
		ok(t, err)
		by.Now = by.Now.UTC()
		s.wantSpent(t, spent, session, link, by)
	})
	t.Run("a chain is spent link by link", func(t *testing.T) {
		_, link := s.chain(t)
		by := spendingOf(link)
		for range 5 {
			_, err := s.Spender.Spend(within(t), by)
			ok(t, err)
			by.Presented, by.Successor, by.Now = by.Successor.Digest, given.Successor(), by.Now.Add(time.Second)
		}
	})
	t.Run("a token nobody stored is CodeNotSpendable", func(t *testing.T) {
		_, link := s.chain(t)
		by := spendingOf(link)
		by.Presented = given.Digest()
		_, err := s.Spender.Spend(within(t), by)
		wantCode(t, err, domain.CodeNotSpendable)
	})
	t.Run("an ended context is an error and spends nothing", func(t *testing.T) {
		_, link := s.chain(t)
		_, err := s.Spender.Spend(ended(t), spendingOf(link))
		wantStopped(t, "Spend", err)
		got, _ := s.refresh(t, link.Snapshot().Digest)
		same(t, "token", got, link.Snapshot())
	})
}

// spenderStates walks all combinations of what stands against a spending: the
// statement must say what token.RefreshToken.Spendable says, and a refused
// spending must change nothing.
func spenderStates(t *testing.T, s Store) {
	other := given.Client(func(c *client.Snapshot) { c.GrantTypes = []string{"password", "refresh_token"} })
	s.given(t, other)
	at := given.Now.Add(time.Minute)
	type lifetime struct {
		name    string
		expires time.Time
	}
	lifetimes := []lifetime{
		{"expired", at.Add(-time.Microsecond)}, {"expiring now", at},
		{"in its last microsecond", at.Add(time.Microsecond)}, {"with time left", at.Add(time.Hour)},
	}
	for bits := range 1 << 5 {
		used, revoked, ended, foreign, inactive := bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0, bits&16 != 0
		for _, tokenLife := range lifetimes {
			for _, sessionLife := range lifetimes {
				if bits&(bits-1) != 0 && (tokenLife.name != "with time left" || sessionLife.name != "with time left") {
					continue // two reasons at once are enough beside a lifetime
				}
				u := given.User(func(u *user.Snapshot) { u.IsActive = !inactive })
				session := given.Session(u, func(s *token.SessionSnapshot) {
					s.ExpiresAt = sessionLife.expires
					if ended {
						s.EndedAt, s.EndReason = given.Now, token.EndedByLogout
					}
				})
				link := given.Refresh(session, func(r *token.RefreshSnapshot) {
					r.ExpiresAt, r.IsUsed, r.IsRevoked = tokenLife.expires, used, revoked
					if used {
						r.UsedAt, r.SuccessorKey = given.Now, "mk"
					}
				})
				by := spendingOf(link)
				by.Now = at
				if foreign {
					by.ClientID = other.ClientID()
				}
				want := link.Spendable(session, at) && !foreign && !inactive
				name := fmt.Sprintf("spendable %t: token %s, session %s, used %t, revoked %t, ended %t, another client's %t, inactive user %t",
					want, tokenLife.name, sessionLife.name, used, revoked, ended, foreign, inactive)
				t.Run(name, func(t *testing.T) {
					s.given(t, u, session, link)
					spent, err := s.Spender.Spend(within(t), by)
					if want {
						ok(t, err)
						s.wantSpent(t, spent, session, link, by)
						return
					}
					wantCode(t, err, domain.CodeNotSpendable)
					s.wantUnspent(t, session, link, by)
				})
			}
		}
	}
}

// wantUnspent holds that a refused spending left no trace.
func (s Store) wantUnspent(t *testing.T, session *token.Session, link *token.RefreshToken, by outbound.Spending) {
	t.Helper()
	got, stored := s.refresh(t, by.Presented)
	same(t, "token", got, link.Snapshot())
	same(t, "session", stored, session.Snapshot())
	_, _, err := s.Refresh.ByDigest(within(t), by.Successor.Digest)
	wantKind(t, err, domain.KindNotFound)
	s.wantEvents(t, session.UserID().String())
}

func spenderContention(t *testing.T, s Store) {
	for name, same := range map[string]bool{"with the same successor": true, "each with its own successor": false} {
		t.Run("60 concurrent spends of one token "+name+": one winner", func(t *testing.T) {
			_, link := s.chain(t)
			attempts := make([]outbound.Spending, 60)
			for i := range attempts {
				attempts[i] = spendingOf(link)
				if same {
					attempts[i].Successor = attempts[0].Successor
				}
			}
			results := race(len(attempts), func(i int) error {
				_, err := s.Spender.Spend(within(t), attempts[i])
				return err
			})
			wantWinners(t, results, 1, domain.CodeNotSpendable)
			for i, err := range results {
				_, _, found := s.Refresh.ByDigest(within(t), attempts[i].Successor.Digest)
				if err == nil && found != nil {
					t.Errorf("the winner's successor: %v", found)
				}
				if err != nil && !same {
					wantKind(t, found, domain.KindNotFound)
				}
			}
			s.wantEvents(t, link.Snapshot().UserID.String(), domain.EventTokenRefreshed)
		})
	}
	t.Run("30 spends beside 30 spends in units of work: one winner", func(t *testing.T) {
		_, link := s.chain(t)
		wantWinners(t, race(60, func(i int) error {
			if i%2 == 0 {
				return s.spendInUnit(t, link.Snapshot().Digest, given.Successor())
			}
			_, err := s.Spender.Spend(within(t), spendingOf(link))
			return err
		}), 1, domain.CodeNotSpendable)
	})
	t.Run("60 tokens at once: 60 winners", func(t *testing.T) {
		links := make([]*token.RefreshToken, 60)
		for i := range links {
			_, links[i] = s.chain(t)
		}
		wantAll(t, race(len(links), func(i int) error {
			_, err := s.Spender.Spend(within(t), spendingOf(links[i]))
			return err
		}))
	})
	t.Run("a spend beside the end of its session: nothing spendable is left", func(t *testing.T) {
		for range 25 {
			session, link := s.chain(t)
			by := spendingOf(link)
			results := race(2, func(i int) error {
				if i == 0 {
					return s.end(t, session.ID())
				}
				_, err := s.Spender.Spend(within(t), by)
				return err
			})
			ok(t, results[0])
			if results[1] != nil {
				wantCode(t, results[1], domain.CodeNotSpendable)
			}
			for _, presented := range []token.Digest{by.Presented, by.Successor.Digest} {
				again := spendingOf(link)
				again.Presented = presented
				_, err := s.Spender.Spend(within(t), again)
				wantCode(t, err, domain.CodeNotSpendable)
			}
		}
	})
	t.Run("a spend beside the user's deactivation: nothing spendable is left", func(t *testing.T) {
		for range 10 {
			_, link := s.chain(t)
			by := spendingOf(link)
			results := race(2, func(i int) error {
				if i == 0 {
					return s.deactivate(t, link.Snapshot().UserID)
				}
				_, err := s.Spender.Spend(within(t), by)
				return err
			})
			ok(t, results[0])
			again := spendingOf(link)
			again.Presented = by.Successor.Digest
			_, err := s.Spender.Spend(within(t), again)
			wantCode(t, err, domain.CodeNotSpendable)
		}
	})
}

func (s Store) deactivate(t testing.TB, id domain.ID) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
		u, err := r.Users.Get(ctx, id)
		if err != nil {
			return err
		}
		return r.Users.Save(ctx, edited(u, func(u *user.Snapshot) { u.IsActive = false }))
	})
}
