package contract

import (
	"context"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunSessions holds an implementation to outbound.Sessions.
func RunSessions(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { sessionsBehaviour(t, s) })
	t.Run("contention", func(t *testing.T) {
		t.Run("10 concurrent endings of 5 sessions: each ends once", func(t *testing.T) {
			u := given.User()
			s.given(t, u)
			sessions := make([]*token.Session, 5)
			for i := range sessions {
				sessions[i] = given.Session(u)
				s.given(t, sessions[i])
			}
			wantAll(t, race(10, func(int) error {
				return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
					alive, err := r.Sessions.Alive(ctx, u.ID(), given.Now)
					if err != nil {
						return err
					}
					for _, session := range alive {
						session.End(token.EndedByLogout, u.Party(), given.Now)
						if err := r.Sessions.Save(ctx, session); err != nil {
							return err
						}
					}
					return nil
				})
			}))
			for _, session := range sessions {
				s.wantEvents(t, session.ID().String(), domain.EventSessionEnded)
			}
		})
		t.Run("20 concurrent endings of one session: one winner", func(t *testing.T) {
			u := given.User()
			session := given.Session(u)
			s.given(t, u, session)
			wantWinners(t, race(20, func(int) error { return s.end(t, session.ID()) }), 1, domain.CodeConflict)
			s.wantEvents(t, session.ID().String(), domain.EventSessionEnded)
		})
	})
}

// session gives the stored session.
func (s Store) session(t testing.TB, id domain.ID) (*token.Session, error) {
	return read(t, s, func(ctx context.Context, r outbound.Repositories) (*token.Session, error) {
		return r.Sessions.Get(ctx, id)
	})
}

// end ends a session in a unit of work; one that has ended is CodeConflict.
func (s Store) end(t testing.TB, id domain.ID) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
		session, err := r.Sessions.Get(ctx, id)
		if err != nil {
			return err
		}
		if !session.End(token.EndedByLogout, domain.System, given.Now) {
			return domain.Conflict(domain.CodeConflict, "it has ended")
		}
		return r.Sessions.Save(ctx, session)
	})
}

// alive gives the ids of a user's living sessions.
func (s Store) alive(t testing.TB, u *user.User, at time.Time) []domain.ID {
	t.Helper()
	sessions, err := read(t, s, func(ctx context.Context, r outbound.Repositories) ([]*token.Session, error) {
		return r.Sessions.Alive(ctx, u.ID(), at)
	})
	ok(t, err)
	var ids []domain.ID
	for _, session := range sessions {
		ids = append(ids, session.ID())
	}
	return ids
}

func sessionsBehaviour(t *testing.T, s Store) {
	u, other := given.User(), given.User()
	s.given(t, u, other)
	ended := func(s *token.SessionSnapshot) {
		s.EndedAt, s.EndReason = given.Now.Add(time.Minute), token.EndedByAdmin
	}
	for name, change := range map[string]func(*token.SessionSnapshot){
		"an ended session":       ended,
		"a living session":       func(*token.SessionSnapshot) {},
		"a session from nowhere": func(s *token.SessionSnapshot) { s.Address, s.UserAgent = "", "" },
	} {
		t.Run(name+" comes back as it was", func(t *testing.T) {
			session := given.Session(other, change)
			s.given(t, session)
			got, err := s.session(t, session.ID())
			ok(t, err)
			same(t, "session", got.Snapshot(), session.Snapshot())
		})
	}
	t.Run("the ended session leaves no field out", func(t *testing.T) { wantFull(t, given.Session(u, ended).Snapshot()) })
	t.Run("what is not there is KindNotFound", func(t *testing.T) {
		_, err := s.session(t, given.ID())
		wantKind(t, err, domain.KindNotFound)
		wantKind(t, s.save(t, given.Session(u)), domain.KindNotFound)
	})
	t.Run("the living ones of a user are given, newest first", func(t *testing.T) {
		at := func(d time.Duration, change ...func(*token.SessionSnapshot)) *token.Session {
			return given.Session(u, append(change, func(s *token.SessionSnapshot) { s.CreatedAt = given.Now.Add(d) })...)
		}
		same(t, "none", s.alive(t, u, given.Now), []domain.ID(nil))
		middle, newest, oldest := at(2*time.Second), at(3*time.Second), at(time.Second)
		over := at(4*time.Second, ended)
		expired := at(5*time.Second, func(s *token.SessionSnapshot) { s.ExpiresAt = given.Now.Add(time.Hour) })
		s.given(t, middle, newest, oldest, over, expired, given.Session(other))

		same(t, "alive", s.alive(t, u, given.Now.Add(time.Hour)), []domain.ID{newest.ID(), middle.ID(), oldest.ID()})
		same(t, "just before one expires", s.alive(t, u, given.Now.Add(time.Hour-time.Microsecond)),
			[]domain.ID{expired.ID(), newest.ID(), middle.ID(), oldest.ID()})
	})
	t.Run("ending one revokes its refresh tokens and no others", func(t *testing.T) {
		session, beside := given.Session(u), given.Session(u)
		used := given.Refresh(session, func(r *token.RefreshSnapshot) { r.IsUsed, r.UsedAt, r.SuccessorKey = true, given.Now, "k" })
		fresh, untouched := given.Refresh(session), given.Refresh(beside)
		s.given(t, session, beside, used, fresh, untouched)
		ok(t, s.end(t, session.ID()))

		for _, link := range []*token.RefreshToken{used, fresh} {
			want := link.Snapshot()
			want.IsRevoked = true
			got, stored := s.refresh(t, want.Digest)
			same(t, "refresh token", got, want)
			same(t, "ended at", stored.EndedAt, given.Now)
			same(t, "reason", stored.EndReason, token.EndedByLogout)
		}
		got, stored := s.refresh(t, untouched.Snapshot().Digest)
		same(t, "another session's token", got, untouched.Snapshot())
		same(t, "another session", stored, beside.Snapshot())
		s.wantEvents(t, session.ID().String(), domain.EventSessionEnded)
	})
	t.Run("those through one client end together", func(t *testing.T) { endThrough(t, s) })
	t.Run("saving a living one revokes nothing", func(t *testing.T) {
		session := given.Session(u)
		link := given.Refresh(session)
		s.given(t, session, link)
		ok(t, s.save(t, session))
		got, _ := s.refresh(t, link.Snapshot().Digest)
		same(t, "refresh token", got, link.Snapshot())
	})
	t.Run("an ending that is undone revokes nothing", func(t *testing.T) {
		session := given.Session(u)
		link := given.Refresh(session)
		s.given(t, session, link)
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			stored, err := r.Sessions.Get(ctx, session.ID())
			if err != nil {
				return err
			}
			stored.End(token.EndedByLogout, domain.System, given.Now)
			if err := r.Sessions.Save(ctx, stored); err != nil {
				return err
			}
			return domain.Invalid(domain.CodeInvalidGrant, "no")
		})
		wantCode(t, err, domain.CodeInvalidGrant)
		got, stored := s.refresh(t, link.Snapshot().Digest)
		same(t, "refresh token", got, link.Snapshot())
		same(t, "session", stored, session.Snapshot())
		s.wantEvents(t, session.ID().String())
	})
}
