package contract

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunUnitOfWork holds an implementation to outbound.UnitOfWork.
func RunUnitOfWork(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { unitBehaviour(t, s) })
	t.Run("atomicity", func(t *testing.T) { unitAtomicity(t, s) })
	t.Run("contention", func(t *testing.T) { unitContention(t, s) })
}

func unitBehaviour(t *testing.T, s Store) {
	t.Run("all that was done is stored", func(t *testing.T) {
		e := newEverything()
		s.must(t, e.store)
		e.wantStored(t, s, true)
	})
	t.Run("a unit of work sees its own changes", func(t *testing.T) {
		u := given.User()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := r.Users.Add(ctx, u); err != nil {
				return err
			}
			got, err := r.Users.Get(ctx, u.ID())
			if err != nil {
				return err
			}
			same(t, "user", got.Snapshot(), u.Snapshot())
			return nil
		})
	})
	t.Run("nobody else sees them before the end", func(t *testing.T) {
		u := given.User()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := r.Users.Add(ctx, u); err != nil {
				return err
			}
			_, err := s.Users.ByID(ctx, u.ID())
			wantKind(t, err, domain.KindNotFound)
			return nil
		})
		s.user(t, u.ID())
	})
	t.Run("saving twice stores an event once", func(t *testing.T) {
		u := given.Registered()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			return errors.Join(r.Users.Add(ctx, u), r.Users.Save(ctx, u))
		})
		ok(t, s.save(t, u))
		s.wantEvents(t, u.ID().String(), domain.EventUserRegistered)
	})
}

func unitAtomicity(t *testing.T, s Store) {
	t.Run("an error stores nothing and is returned as it is", func(t *testing.T) {
		e, refused := newEverything(), domain.Invalid(domain.CodeInvalidGrant, "no")
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := e.store(ctx, r); err != nil {
				return err
			}
			return refused
		})
		if err != error(refused) {
			t.Errorf("got %v, want the work's own error", err)
		}
		e.wantStored(t, s, false)
	})
	t.Run("a foreign error stores nothing and is found", func(t *testing.T) {
		e, foreign := newEverything(), errors.New("foreign")
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := e.store(ctx, r); err != nil {
				return err
			}
			return foreign
		})
		if !errors.Is(err, foreign) {
			t.Errorf("got %v, want the work's own error", err)
		}
		e.wantStored(t, s, false)
	})
	t.Run("a refusal stores everything and returns what it wraps", func(t *testing.T) {
		e, refused := newEverything(), domain.Invalid(domain.CodeInvalidGrant, "no")
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := e.store(ctx, r); err != nil {
				return err
			}
			return domain.Refuse(refused)
		})
		if err != error(refused) {
			t.Errorf("got %v, want the refused error itself", err)
		}
		e.wantStored(t, s, true)
	})
	t.Run("a failed change takes the earlier ones with it", func(t *testing.T) {
		e := newEverything()
		taken := given.User()
		s.given(t, taken)
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := e.store(ctx, r); err != nil {
				return err
			}
			return r.Users.Add(ctx, given.User(func(u *user.Snapshot) { u.Username = taken.Username() }))
		})
		wantCode(t, err, domain.CodeUsernameTaken)
		e.wantStored(t, s, false)
	})
	t.Run("a panic stores nothing, is not swallowed and holds nothing back", func(t *testing.T) {
		for range 5 { // more than any small pool
			u := given.Registered()
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				_ = s.do(t, func(ctx context.Context, r outbound.Repositories) error { // panics
					if err := r.Users.Add(ctx, u); err != nil {
						return err
					}
					panic("on purpose")
				})
			}()
			_, err := s.Users.ByID(within(t), u.ID())
			wantKind(t, err, domain.KindNotFound)
			s.wantEvents(t, u.ID().String())
		}
		s.given(t, given.User())
	})
	t.Run("a context that ends midway stores nothing", func(t *testing.T) {
		u := given.Registered()
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		err := s.UnitOfWork.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
			if err := r.Users.Add(ctx, u); err != nil {
				return err
			}
			cancel()
			_, err := r.Users.Get(ctx, u.ID())
			return err
		})
		wantStopped(t, "Do", err)
		_, err = s.Users.ByID(within(t), u.ID())
		wantKind(t, err, domain.KindNotFound)
		s.wantEvents(t, u.ID().String())
	})
	t.Run("an ended context does no work", func(t *testing.T) {
		u := given.User()
		wantStopped(t, "Do", s.UnitOfWork.Do(ended(t), func(ctx context.Context, r outbound.Repositories) error { return r.Users.Add(ctx, u) }))
		_, err := s.Users.ByID(within(t), u.ID())
		wantKind(t, err, domain.KindNotFound)
	})
}

func unitContention(t *testing.T, s Store) {
	t.Run("20 concurrent changes of one user: none is lost", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		wantAll(t, race(20, func(int) error { return s.append(t, u.ID(), "x") }))
		got := s.user(t, u.ID())
		if got.Bio != strings.Repeat("x", 20) || got.Version != 21 {
			t.Errorf("bio %q of version %d, want 20 x of version 21", got.Bio, got.Version)
		}
		if n := len(s.events(t, u.ID().String())); n != 20 {
			t.Errorf("%d events, want 20", n)
		}
	})
	t.Run("20 concurrent units of work over all stores: all succeed", func(t *testing.T) {
		all := make([]everything, 20)
		wantAll(t, race(len(all), func(i int) error {
			all[i] = newEverything()
			return s.do(t, all[i].store)
		}))
		for _, e := range all {
			e.wantStored(t, s, true)
		}
	})
	t.Run("two that lock crosswise: both succeed, run again with fresh repositories", func(t *testing.T) {
		a, b := given.User(), given.User()
		s.given(t, a, b)
		var attempts atomic.Int32
		var both sync.WaitGroup // reached by those that can hold a lock at the same time
		both.Add(2)
		met := make(chan struct{})
		go func() { both.Wait(); close(met) }()
		results := race(2, func(i int) error {
			first, second := a.ID(), b.ID()
			if i == 1 {
				first, second = second, first
			}
			var once sync.Once
			var before outbound.Users
			return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				attempts.Add(1)
				if before != nil && reflect.ValueOf(before).Comparable() && before == r.Users {
					t.Error("the second attempt got the repositories of the first")
				}
				before = r.Users
				if err := appendTo(ctx, r, first, "x"); err != nil {
					return err
				}
				once.Do(both.Done)
				select {
				case <-met:
				case <-time.After(300 * time.Millisecond): // a store of one writer never lets the two meet
				}
				return appendTo(ctx, r, second, "x")
			})
		})
		wantAll(t, results)
		for _, id := range []domain.ID{a.ID(), b.ID()} {
			if got := s.user(t, id); got.Bio != "xx" || got.Version != 3 {
				t.Errorf("bio %q of version %d, want xx of version 3", got.Bio, got.Version)
			}
			if n := len(s.events(t, id.String())); n != 2 {
				t.Errorf("%d events, want 2: an undone attempt left or lost some", n)
			}
		}
		t.Logf("%d attempts", attempts.Load())
	})
}

// append adds text to a user's bio, which records an event.
func (s Store) append(t testing.TB, id domain.ID, text string) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error { return appendTo(ctx, r, id, text) })
}

func appendTo(ctx context.Context, r outbound.Repositories, id domain.ID, text string) error {
	u, err := r.Users.Get(ctx, id)
	if err != nil {
		return err
	}
	bio := u.Snapshot().Bio + text
	if err := u.ChangeProfile(user.ProfileChange{Bio: &bio}, domain.System, given.Now); err != nil {
		return err
	}
	return r.Users.Save(ctx, u)
}
