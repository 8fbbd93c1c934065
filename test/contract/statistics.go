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

// RunStatistics holds an implementation to outbound.Statistics.
func RunStatistics(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	now := time.Date(2031, 5, 6, 0, 30, 0, 1000, elsewhere) // no event of another suite is of these hours
	count := func(t *testing.T, hours int) domain.Statistics {
		t.Helper()
		found, err := s.Statistics.Count(within(t), now, hours)
		ok(t, err)
		return found
	}
	this := now.UTC().Truncate(time.Hour)
	before := count(t, 3)
	t.Run("hours without logins are told", func(t *testing.T) {
		same(t, "hours", before.Hours, []domain.LoginsInHour{{Start: this.Add(-2 * time.Hour)}, {Start: this.Add(-time.Hour)}, {Start: this}})
	})

	u := given.User()
	s.given(t, u, given.User(func(p *user.Snapshot) { p.IsActive = false }))
	session := func(change func(*token.SessionSnapshot)) {
		s.given(t, given.Session(u, func(p *token.SessionSnapshot) { p.ExpiresAt = now.Add(time.Microsecond); change(p) }))
	}
	session(func(*token.SessionSnapshot) {})
	session(func(p *token.SessionSnapshot) { p.ExpiresAt = now })
	session(func(p *token.SessionSnapshot) { p.EndedAt, p.EndReason = given.Now, token.EndedByLogout })
	events := func(kind domain.EventType, at time.Time, times int) {
		for range times {
			s.must(t, func(ctx context.Context, r outbound.Repositories) error {
				return r.Events.Append(ctx, domain.Event{Type: kind, Outcome: domain.Succeeded, Actor: domain.System, Subject: u.Party(), OccurredAt: at})
			})
		}
	}
	events(domain.EventLoginSucceeded, this, 1)
	events(domain.EventLoginSucceeded, this.Add(-time.Microsecond), 2)
	events(domain.EventLoginFailed, this.Add(-time.Hour), 3)
	events(domain.EventUserUpdated, this, 1)                            // another kind
	events(domain.EventLoginFailed, this.Add(-2*time.Hour-1000), 1)     // before the first
	events(domain.EventLoginSucceeded, this.Add(time.Hour), 1)          // after the last
	events(domain.EventLoginFailed, this.Add(time.Hour-time.Second), 4) // late in the current one

	after := count(t, 3)
	t.Run("users and living sessions are counted", func(t *testing.T) {
		same(t, "users", after.Users-before.Users, int64(2))
		same(t, "active users", after.ActiveUsers-before.ActiveUsers, int64(1))
		same(t, "sessions", after.Sessions-before.Sessions, int64(1))
	})
	t.Run("logins are counted by hour", func(t *testing.T) {
		same(t, "hours", after.Hours, []domain.LoginsInHour{
			{Start: this.Add(-2 * time.Hour)}, {Start: this.Add(-time.Hour), Logins: 2, Failures: 3}, {Start: this, Logins: 1, Failures: 4},
		})
	})
	t.Run("as many hours as asked for", func(t *testing.T) {
		wantLen(t, "hours", after.Hours, 3)
		same(t, "one hour", count(t, 1).Hours, after.Hours[2:])
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, err := s.Statistics.Count(ended(t), now, 1)
		wantStopped(t, "Count", err)
	})
}
