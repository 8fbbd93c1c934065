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

// RunOpener holds an implementation to outbound.SessionOpener.
func RunOpener(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { openerBehaviour(t, s) })
	t.Run("atomicity", func(t *testing.T) { openerRefusals(t, s) })
	t.Run("contention", func(t *testing.T) { openerContention(t, s) })
}

// opening is a login of the stored user, as a use case asks for it.
func (s Store) opening(t testing.TB, id domain.ID) outbound.Opening {
	t.Helper()
	u, err := s.Users.ByID(within(t), id)
	ok(t, err)
	u.LoggedIn(given.Now.Add(time.Minute))
	session := given.Session(u)
	return outbound.Opening{User: u, Session: session, Refresh: given.Refresh(session), Signals: []token.Signal{token.Saved(id, s.now(t))}}
}

// now gives the time as the store's signals have it.
func (s Store) now(t testing.TB) time.Time {
	t.Helper()
	_, mark, err := s.Signals.Since(within(t), time.Time{})
	ok(t, err)
	return mark.Truncate(time.Microsecond)
}

func (s Store) told(t testing.TB, wanted token.Signal) bool {
	t.Helper()
	all, _, err := s.Signals.Since(within(t), time.Time{})
	ok(t, err)
	for _, signal := range all {
		if signal == wanted {
			return true
		}
	}
	return false
}

func openerBehaviour(t *testing.T, s Store) {
	for name, change := range map[string]func(*outbound.Opening){
		"a login with a refresh token": func(*outbound.Opening) {},
		"without one":                  func(o *outbound.Opening) { o.Refresh = nil },
		"with a hash made anew": func(o *outbound.Opening) {
			o.User.Rehashed("$another", given.Now)
			o.Rehashed = true
		},
		"that nobody needs to know of": func(o *outbound.Opening) { o.Signals = nil },
		"that several things follow from": func(o *outbound.Opening) {
			o.Signals = append(o.Signals, token.Signal{Kind: token.SignalUserRevoked, ID: o.User.ID().String(), Before: given.Now, ExpiresAt: o.Signals[0].ExpiresAt})
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := given.User(func(u *user.Snapshot) {
				u.FailedLoginAttempts, u.LockedUntil, u.PasswordResetToken = 3, given.Now.Add(-time.Hour), "kept"
			})
			s.given(t, u)
			o := s.opening(t, u.ID())
			change(&o)
			want := o.User.Snapshot()
			ok(t, s.Opener.Open(within(t), o))

			same(t, "user", s.user(t, u.ID()), want)
			session, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (*token.Session, error) {
				return r.Sessions.Get(ctx, o.Session.ID())
			})
			ok(t, err)
			same(t, "session", session.Snapshot(), o.Session.Snapshot())
			if o.Refresh != nil {
				refresh, _ := s.refresh(t, o.Refresh.Snapshot().Digest)
				same(t, "refresh token", refresh, o.Refresh.Snapshot())
			}
			for _, signal := range o.Signals {
				if !s.told(t, signal) {
					t.Errorf("%s is not told", signal.Kind)
				}
			}
			events := s.events(t, u.ID().String())
			if wanted := map[bool]int{false: 1, true: 2}[o.Rehashed]; len(events) != wanted {
				t.Fatalf("%d events, want %d", len(events), wanted)
			}
			for _, e := range events {
				same(t, "subject", e.Subject, u.Party())
				same(t, "outcome", e.Outcome, domain.Succeeded)
				if e.Type == domain.EventLoginSucceeded {
					same(t, "occurred at", e.OccurredAt, want.LastLogin)
				} else {
					same(t, "the other event", e.Type, domain.EventPasswordRehashed)
				}
			}
		})
	}
	t.Run("bookkeeping since does not stand against it", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		for range 2 {
			first, second := s.opening(t, u.ID()), s.opening(t, u.ID())
			ok(t, s.Opener.Open(within(t), first))
			ok(t, s.Opener.Open(within(t), second))
		}
	})
}

func openerRefusals(t *testing.T, s Store) {
	for name, since := range map[string]func(ctx context.Context, r outbound.Repositories, u *user.User) error{
		"the password was changed": func(ctx context.Context, r outbound.Repositories, u *user.User) error {
			u.SetPassword("$another", u.Party(), given.Now)
			return r.Users.Save(ctx, u)
		},
		"the account was deleted": func(ctx context.Context, r outbound.Repositories, u *user.User) error { return r.Users.Delete(ctx, u) },
	} {
		for _, rehashed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				u := given.User()
				s.given(t, u)
				o := s.opening(t, u.ID())
				o.Rehashed = rehashed
				s.must(t, func(ctx context.Context, r outbound.Repositories) error {
					u, err := r.Users.Get(ctx, u.ID())
					if err != nil {
						return err
					}
					return since(ctx, r, u)
				})
				events := len(s.events(t, u.ID().String()))
				wantCode(t, s.Opener.Open(within(t), o), domain.CodeVersion)
				s.wantNothingOpened(t, o)
				if got := len(s.events(t, u.ID().String())); got != events {
					t.Errorf("a refused login left %d events", got-events)
				}
			})
		}
	}
	t.Run("a taken refresh token undoes all", func(t *testing.T) {
		_, taken := s.chain(t)
		u := given.User()
		s.given(t, u)
		before := s.user(t, u.ID())
		o := s.opening(t, u.ID())
		o.Refresh = given.Refresh(o.Session, func(r *token.RefreshSnapshot) { r.Digest = taken.Snapshot().Digest })
		if err := s.Opener.Open(within(t), o); err == nil {
			t.Error("two tokens have one digest")
		}
		same(t, "user", s.user(t, u.ID()), before)
	})
	t.Run("an ended context is an error and opens nothing", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		o := s.opening(t, u.ID())
		wantStopped(t, "Open", s.Opener.Open(ended(t), o))
		s.wantNothingOpened(t, o)
	})
}

func (s Store) wantNothingOpened(t *testing.T, o outbound.Opening) {
	t.Helper()
	_, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (*token.Session, error) {
		return r.Sessions.Get(ctx, o.Session.ID())
	})
	wantCode(t, err, domain.CodeNotFound)
	_, _, err = s.Refresh.ByDigest(within(t), o.Refresh.Snapshot().Digest)
	wantCode(t, err, domain.CodeNotFound)
	if s.told(t, o.Signals[0]) {
		t.Error("a refused login is told of")
	}
}

// openerContention: logins of one account do not stand against each other, and
// a change of its password lets either those before it in or none.
func openerContention(t *testing.T, s Store) {
	const logins = 8
	t.Run("all of 8 logins at once are kept", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		openings := make([]outbound.Opening, logins)
		for i := range openings {
			openings[i] = s.opening(t, u.ID())
		}
		for _, err := range race(logins, func(i int) error { return s.Opener.Open(within(t), openings[i]) }) {
			ok(t, err)
		}
		if got := len(s.events(t, u.ID().String())); got != logins {
			t.Errorf("%d events, want %d", got, logins)
		}
	})
	t.Run("a changed password wins once and for all", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		openings, late := make([]outbound.Opening, logins), s.opening(t, u.ID())
		for i := range openings {
			openings[i] = s.opening(t, u.ID())
		}
		results := race(logins+1, func(i int) error {
			if i < logins {
				return s.Opener.Open(within(t), openings[i])
			}
			return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				u, err := r.Users.Get(ctx, u.ID())
				if err != nil {
					return err
				}
				u.SetPassword("$another", u.Party(), given.Now)
				return r.Users.Save(ctx, u)
			})
		})
		ok(t, results[logins])
		wantCode(t, s.Opener.Open(within(t), late), domain.CodeVersion) // whichever came first above
		s.wantNothingOpenedOf(t, late)
		kept := 0
		for i, err := range results[:logins] {
			if err == nil {
				kept++
				continue
			}
			wantCode(t, err, domain.CodeVersion)
			s.wantNothingOpenedOf(t, openings[i])
		}
		if got := len(s.events(t, u.ID().String())); got != kept+1 {
			t.Errorf("%d events for %d logins and a change", got, kept)
		}
		if s.user(t, u.ID()).PasswordHash != "$another" {
			t.Error("a login brought the old password back")
		}
	})
}

// wantNothingOpenedOf is wantNothingOpened where others told the same.
func (s Store) wantNothingOpenedOf(t *testing.T, o outbound.Opening) {
	t.Helper()
	_, _, err := s.Refresh.ByDigest(within(t), o.Refresh.Snapshot().Digest)
	wantCode(t, err, domain.CodeNotFound)
}
