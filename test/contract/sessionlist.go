package contract

import (
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunSessionList holds an implementation to outbound.SessionList.
func RunSessionList(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	u, other := given.User(), given.User()
	s.given(t, u, other)
	// The order is that of the ids, which tell when they were made.
	made := func(n byte, change ...func(*token.SessionSnapshot)) *token.Session {
		session := given.Session(u, append(change, func(s *token.SessionSnapshot) { s.ID[5] = n })...)
		s.given(t, session)
		return session
	}
	oldest, used := made(1), made(2)
	over := func(s *token.SessionSnapshot) { s.EndedAt, s.EndReason = given.Now, token.EndedByAdmin }
	made(3, over)
	newest := made(4, func(s *token.SessionSnapshot) { s.ExpiresAt = given.Now.Add(time.Hour) })
	s.given(t, given.Session(other))
	last := given.Now.Add(time.Minute)
	s.given(t,
		given.Refresh(used, func(r *token.RefreshSnapshot) { r.CreatedAt, r.IsUsed, r.UsedAt = given.Now, true, last }),
		given.Refresh(used, func(r *token.RefreshSnapshot) { r.CreatedAt = last }))

	list := func(t *testing.T, now time.Time, page domain.Page) domain.Listing[outbound.LivingSession] {
		t.Helper()
		found, err := s.SessionList.Alive(within(t), u.ID(), now, page)
		ok(t, err)
		return found
	}
	living := func(s *token.Session, last time.Time) outbound.LivingSession {
		return outbound.LivingSession{SessionSnapshot: s.Snapshot(), LastUsedAt: last}
	}
	t.Run("the living ones are given, newest first, with their last use", func(t *testing.T) {
		same(t, "sessions", list(t, given.Now, domain.Page{Limit: 10}).Items,
			[]outbound.LivingSession{living(newest, newest.Snapshot().CreatedAt), living(used, last), living(oldest, oldest.Snapshot().CreatedAt)})
		same(t, "after one expired", len(list(t, given.Now.Add(time.Hour), domain.Page{Limit: 10}).Items), 2)
	})
	t.Run("in parts", func(t *testing.T) {
		first := list(t, given.Now, domain.Page{Limit: 2})
		same(t, "its key", first.Next, used.ID().String())
		rest := list(t, given.Now, domain.Page{Limit: 2, After: first.Next})
		same(t, "the rest", rest, domain.Listing[outbound.LivingSession]{Items: []outbound.LivingSession{living(oldest, oldest.Snapshot().CreatedAt)}})
	})
	t.Run("a key of no list is validation_failed", func(t *testing.T) {
		_, err := s.SessionList.Alive(within(t), u.ID(), given.Now, domain.Page{Limit: 2, After: "nonsense"})
		wantCode(t, err, domain.CodeInvalidInput)
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, err := s.SessionList.Alive(ended(t), u.ID(), given.Now, domain.Page{Limit: 2})
		wantStopped(t, "Alive", err)
	})
}
