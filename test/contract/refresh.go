package contract

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunRefreshTokens holds an implementation to outbound.RefreshTokens and
// outbound.RefreshDirectory.
func RunRefreshTokens(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { refreshBehaviour(t, s) })
	t.Run("contention", func(t *testing.T) {
		t.Run("30 units of work that spend one token: one winner", func(t *testing.T) {
			session, link := s.chain(t)
			wantWinners(t, race(30, func(int) error { return s.spendInUnit(t, link.Snapshot().Digest, given.Successor()) }), 1, domain.CodeNotSpendable)
			got, _ := s.refresh(t, link.Snapshot().Digest)
			same(t, "used", got.IsUsed, true)
			same(t, "session", got.SessionID, session.ID())
		})
		t.Run("30 concurrent tokens of one digest: one winner", func(t *testing.T) {
			session, link := s.chain(t)
			digest := given.Digest()
			wantWinners(t, race(30, func(int) error {
				return s.add(t, given.Refresh(session, func(r *token.RefreshSnapshot) { r.Digest = digest }))
			}), 1, domain.CodeConflict)
			got, _ := s.refresh(t, link.Snapshot().Digest)
			same(t, "the other link", got, link.Snapshot())
		})
	})
}

// chain stores a user with a session and its first refresh token.
func (s Store) chain(t testing.TB) (*token.Session, *token.RefreshToken) {
	t.Helper()
	u := given.User()
	session := given.Session(u)
	link := given.Refresh(session)
	s.given(t, u, session, link)
	return session, link
}

// link gives the stored token by its digest, in a unit of work.
func (s Store) link(t testing.TB, digest token.Digest) (*token.RefreshToken, error) {
	return read(t, s, func(ctx context.Context, r outbound.Repositories) (*token.RefreshToken, error) {
		return r.RefreshTokens.Get(ctx, digest)
	})
}

// spendInUnit exchanges a token by the domain's own rule.
func (s Store) spendInUnit(t testing.TB, digest token.Digest, successor token.Successor) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
		link, err := r.RefreshTokens.Get(ctx, digest)
		if err != nil {
			return err
		}
		session, err := r.Sessions.Get(ctx, link.Snapshot().SessionID)
		if err != nil {
			return err
		}
		next, err := link.Spend(session, successor, given.Now, time.Hour)
		if err != nil {
			return err
		}
		if err := r.RefreshTokens.Save(ctx, link); err != nil {
			return err
		}
		return r.RefreshTokens.Add(ctx, next)
	})
}

func refreshBehaviour(t *testing.T, s Store) {
	session, _ := s.chain(t)
	full := func(r *token.RefreshSnapshot) {
		r.IsUsed, r.IsRevoked, r.UsedAt, r.SuccessorKey = true, true, given.Now.Add(time.Second), "mk-1"
	}
	for name, change := range map[string]func(*token.RefreshSnapshot){
		"a token with every field": full,
		"a fresh token":            func(*token.RefreshSnapshot) {},
		"a token without scope":    func(r *token.RefreshSnapshot) { r.Scope = nil },
	} {
		t.Run(name+" comes back as it was", func(t *testing.T) {
			link := given.Refresh(session, change)
			s.given(t, link)
			got, err := s.link(t, link.Snapshot().Digest)
			ok(t, err)
			same(t, "Get", got.Snapshot(), link.Snapshot())
			found, stored := s.refresh(t, link.Snapshot().Digest)
			same(t, "ByDigest", found, link.Snapshot())
			same(t, "its session", stored, session.Snapshot())
		})
	}
	t.Run("the full token leaves no field out", func(t *testing.T) { wantFull(t, given.Refresh(session, full).Snapshot()) })
	t.Run("what is not there is KindNotFound, to the letter", func(t *testing.T) {
		link := given.Refresh(session)
		s.given(t, link)
		swapped := strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z':
				return r - 'a' + 'A'
			case r >= 'A' && r <= 'Z':
				return r - 'A' + 'a'
			}
			return r
		}, string(link.Snapshot().Digest))
		for _, digest := range []token.Digest{given.Digest(), "", token.Digest(swapped)} {
			_, err := s.link(t, digest)
			wantKind(t, err, domain.KindNotFound)
			_, _, err = s.Refresh.ByDigest(within(t), digest)
			wantKind(t, err, domain.KindNotFound)
		}
		wantKind(t, s.save(t, given.Refresh(session)), domain.KindNotFound)
	})
	t.Run("a taken digest is CodeConflict", func(t *testing.T) {
		link := given.Refresh(session)
		s.given(t, link)
		wantCode(t, s.add(t, given.Refresh(session, func(r *token.RefreshSnapshot) { r.Digest = link.Snapshot().Digest })), domain.CodeConflict)
		got, _ := s.refresh(t, link.Snapshot().Digest)
		same(t, "token", got, link.Snapshot())
	})
	for name, change := range map[string]func(*token.RefreshSnapshot){
		"used":    func(r *token.RefreshSnapshot) { r.IsUsed, r.UsedAt, r.SuccessorKey = true, given.Now, "mk-2" },
		"revoked": func(r *token.RefreshSnapshot) { r.IsRevoked = true },
	} {
		t.Run("saving stores that it was "+name, func(t *testing.T) {
			link, beside := given.Refresh(session), given.Refresh(session)
			s.given(t, link, beside)
			next := link.Snapshot()
			change(&next)
			ok(t, s.save(t, token.RehydrateRefresh(next)))
			got, _ := s.refresh(t, next.Digest)
			same(t, "saved", got, next)
			got, _ = s.refresh(t, beside.Snapshot().Digest)
			same(t, "another link", got, beside.Snapshot())
		})
	}
	t.Run("an exchange in a unit of work leaves both links", func(t *testing.T) {
		session, link := s.chain(t)
		successor := given.Successor()
		ok(t, s.spendInUnit(t, link.Snapshot().Digest, successor))
		want, err := link.Spend(session, successor, given.Now, time.Hour)
		ok(t, err)
		got, _ := s.refresh(t, link.Snapshot().Digest)
		same(t, "spent", got, link.Snapshot())
		got, _ = s.refresh(t, successor.Digest)
		same(t, "successor", got, want.Snapshot())
	})
	t.Run("what is returned or handed in is not kept", func(t *testing.T) {
		link := given.Refresh(session)
		s.given(t, link)
		want := link.Snapshot().Scope.Strings()
		link.Snapshot().Scope[0] = "changed"
		got, _ := s.refresh(t, link.Snapshot().Digest)
		spoil(t, "scope", got.Scope, "changed")
		again, _ := s.refresh(t, link.Snapshot().Digest)
		same(t, "scope", again.Scope.Strings(), want)
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, _, err := s.Refresh.ByDigest(ended(t), given.Digest())
		wantStopped(t, "ByDigest", err)
	})
}
