package tokens

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

const unavailableCode = domain.CodeUnavailable

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

func TestCommitter(t *testing.T) {
	refusal := domain.Invalid(domain.CodeInvalidGrant, "refused")
	for name, c := range map[string]struct {
		prepare   func(*store)
		outcome   error // what work returns
		committed bool
		code      domain.Code // empty: no error
	}{
		"committed":                   {committed: true},
		"a refusal is kept":           {outcome: domain.Refuse(refusal), committed: true, code: domain.CodeInvalidGrant},
		"a failure is rolled back":    {outcome: refusal, code: domain.CodeInvalidGrant},
		"a rerun tells once":          {prepare: func(s *store) { s.reruns = 3 }, committed: true},
		"the commit failed":           {prepare: func(s *store) { s.failAtEnd = unavailable() }, code: domain.CodeUnavailable},
		"the refusal's commit failed": {prepare: func(s *store) { s.failAtEnd = unavailable() }, outcome: domain.Refuse(refusal), code: domain.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.bus.published = nil
			if c.prepare != nil {
				c.prepare(w.store)
			}
			claims := claimsAt(w.clock.Now())
			signal := revocation(claims)
			err := w.work.Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
				must(t, r.Signals.Append(ctx, signal))
				if w.reg.Ended(claims) {
					t.Error("told before the commit")
				}
				return c.outcome
			})
			if c.code == "" {
				must(t, err)
			} else {
				wantCode(t, err, c.code)
			}
			var want []token.Signal
			if c.committed {
				want = []token.Signal{signal}
			}
			if diff := cmp.Diff(want, w.bus.published); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			if got := w.reg.Ended(claims); got != c.committed {
				t.Errorf("applied here: %v, want %v", got, c.committed)
			}
		})
	}
}

func TestCommitterForgetsTheRefusalOfAnEarlierRun(t *testing.T) {
	w := newWorld(t)
	w.bus.published = nil
	runs := 0
	twice := &twiceStore{store: w.store}
	err := NewCommitter(twice, w.feed, w.bus).Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
		runs++
		must(t, r.Signals.Append(ctx, revocation(claimsAt(given.Now))))
		dead := domain.Invalid(domain.CodeInvalidGrant, "dead")
		if runs == 1 {
			return domain.Refuse(dead)
		}
		return dead
	})
	wantCode(t, err, domain.CodeInvalidGrant)
	if len(w.bus.published) != 0 {
		t.Error("told of what was rolled back")
	}
}

// twiceStore throws the first run away, whatever it returned.
type twiceStore struct{ *store }

func (s *twiceStore) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	var first error
	_ = s.store.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		first = work(ctx, r)
		return unavailable()
	})
	if first == nil {
		return nil
	}
	return s.store.Do(ctx, work)
}

func TestCommitterTellsDespiteImpatience(t *testing.T) {
	w := newWorld(t)
	ctx, leave := contextOf(t)
	claims := claimsAt(given.Now)
	w.bus.fail = unavailable() // losing a push is no failure: the tail has it
	err := w.work.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		leave()
		return r.Signals.Append(ctx, revocation(claims))
	})
	must(t, err)
	if last := w.bus.published[len(w.bus.published)-1]; !w.reg.Ended(claims) || last.ID != claims.ID {
		t.Error("committed and not applied, or not published")
	}
	if !w.bus.bounded {
		t.Error("what outlasts the caller has no end")
	}
}

func TestCommitterWithoutSignalsPublishesNothing(t *testing.T) {
	w := newWorld(t)
	w.bus.published = nil
	must(t, w.work.Do(t.Context(), func(context.Context, outbound.Repositories) error { return nil }))
	if len(w.bus.published) != 0 {
		t.Errorf("published %v", w.bus.published)
	}
}

func TestSessionsLogout(t *testing.T) {
	w := newWorld(t)
	one, _, first := w.login(t, "keystone")
	two, _, _ := w.login(t, "keystone")
	must(t, w.ends.Logout(t.Context(), w.caller(t, one), false))
	w.refused(t, one)
	caller := w.caller(t, two)
	if s := w.store.stored().sessions[first.ID()]; s.EndReason != token.EndedByLogout || s.EndedAt.IsZero() {
		t.Errorf("stored: %+v", s)
	}
	three, _, opening := w.login(t, "keystone")
	delete(w.store.sessions, opening.ID()) // as if it were only being opened
	must(t, w.ends.Logout(t.Context(), caller, true))
	w.refused(t, two)
	w.refused(t, three)
	w.clock.advance(time.Millisecond)
	again, _, _ := w.login(t, "keystone")
	w.caller(t, again)
	must(t, w.ends.Logout(t.Context(), caller, false)) // over already: no failure

	err := w.ends.Logout(t.Context(), w.caller(t, w.clientToken(t, w.own)), false)
	wantCode(t, err, domain.CodeForbidden)
	w.store.failWork = unavailable()
	wantCode(t, w.ends.Logout(t.Context(), w.caller(t, again), false), domain.CodeUnavailable)
	wantCode(t, w.ends.Logout(t.Context(), w.caller(t, again), true), domain.CodeUnavailable)
	w.caller(t, again)
}

// A signal must outlive every token it could end (contract 3.4: durable).
func TestSessionEndOutlivesItsTokens(t *testing.T) {
	for _, clientID := range []string{"keystone", "other"} {
		w := newWorld(t, func(p *Policy) { p.Leeway = 30 * time.Second })
		_, _, session := w.login(t, clientID)
		must(t, w.ends.end(t.Context(), session.ID(), token.EndedByAdmin, domain.System))
		stored := w.store.stored().signals
		last := stored[len(stored)-1]
		longest := 24 * time.Hour // whatever the lifetime is set to now
		if clientID != "keystone" {
			longest = 24 * time.Hour
		}
		if last.Kind != token.SignalSessionEnded || last.ExpiresAt.Before(w.clock.Now().Add(longest+30*time.Second)) {
			t.Errorf("%s: %+v", clientID, last)
		}
	}
}

// saver is a unit of work whose users can only be saved.
type saver struct {
	*store
	fail error
}

func (s saver) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	return s.store.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		r.Users = savedUsers{fail: s.fail}
		return work(ctx, r)
	})
}

type savedUsers struct {
	outbound.Users
	fail error
}

func (u savedUsers) Save(context.Context, *user.User) error   { return u.fail }
func (u savedUsers) Delete(context.Context, *user.User) error { return u.fail }

func TestCommitterTellsOfSavedUsers(t *testing.T) {
	for name, change := range map[string]func(context.Context, outbound.Users, *user.User) error{
		"saved":   func(ctx context.Context, r outbound.Users, u *user.User) error { return r.Save(ctx, u) },
		"deleted": func(ctx context.Context, r outbound.Users, u *user.User) error { return r.Delete(ctx, u) },
	} {
		for _, fail := range []error{nil, unavailable()} {
			w := newWorld(t)
			w.bus.published = nil
			var followed []token.Signal
			w.feed.Follow(func(s token.Signal) { followed = append(followed, s) })
			u := given.User()
			_ = NewCommitter(saver{w.store, fail}, w.feed, w.bus).Do(t.Context(), func(ctx context.Context, r outbound.Repositories) error {
				// The failure is swallowed: what was not saved is not told of even so.
				_ = change(ctx, r.Users, u)
				return nil
			})
			var want []token.Signal
			if fail == nil {
				want = []token.Signal{token.Saved(u.ID(), w.clock.Now())}
			}
			if diff := cmp.Diff(want, followed); diff != "" {
				t.Errorf("%s, failing with %v: followed (-want +got):\n%s", name, fail, diff)
			}
			if diff := cmp.Diff(want, w.bus.published); diff != "" {
				t.Errorf("%s, failing with %v: published (-want +got):\n%s", name, fail, diff)
			}
		}
	}
}

// openerOf is a function field.
type openerOf func(outbound.Opening) error

func (o openerOf) Open(_ context.Context, opening outbound.Opening) error { return o(opening) }

func TestOpenerTellsOfLogins(t *testing.T) {
	for name, fail := range map[string]error{"kept": nil, "refused": unavailable()} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.bus.published = nil
			var stored []token.Signal
			opener := NewOpener(openerOf(func(o outbound.Opening) error { stored = o.Signals; return fail }), w.feed, w.bus)
			u := given.User()
			claims := claimsAt(w.clock.Now())
			err := opener.Open(t.Context(), outbound.Opening{User: u, Signals: []token.Signal{revocation(claims)}})
			if (err == nil) != (fail == nil) {
				t.Errorf("Open() = %v", err)
			}
			want := []token.Signal{revocation(claims), token.Saved(u.ID(), w.clock.Now())}
			if diff := cmp.Diff(want, stored); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if fail != nil {
				want = nil
			}
			if diff := cmp.Diff(want, w.bus.published); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			if w.reg.Ended(claims) != (fail == nil) {
				t.Error("applied here although it was refused, or not although it was kept")
			}
		})
	}
}
