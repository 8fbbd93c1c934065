package contract

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunSettings holds an implementation to outbound.Settings and
// outbound.SettingsDirectory.
func RunSettings(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	actor := domain.Party{Kind: domain.PartyUser, ID: given.Name("admin")}
	settings := func(t *testing.T) domain.SettingsSnapshot {
		t.Helper()
		found, err := s.Settings.Settings(within(t))
		ok(t, err)
		return found.Snapshot()
	}
	change := func(ctx context.Context, r outbound.Repositories, changes map[string]*string) error {
		locked, err := r.Settings.Lock(ctx)
		if err != nil {
			return err
		}
		locked.Change(changes, actor, given.Now)
		return r.Settings.Save(ctx, locked)
	}
	want := func(t *testing.T, version int64, overrides map[string]string) {
		t.Helper()
		found := settings(t)
		if found.Version != version || found.Revision != version || !maps.Equal(found.Overrides, overrides) {
			t.Errorf("settings %+v, want version %d of %v", found, version, overrides)
		}
	}
	to := func(value string) *string { return &value }
	t.Run("behaviour", func(t *testing.T) {
		t.Run("none are version 1", func(t *testing.T) { want(t, 1, map[string]string{}) })
		t.Run("what is set comes back, with its events", func(t *testing.T) {
			one, two := given.Name("one"), given.Name("two")
			s.must(t, func(ctx context.Context, r outbound.Repositories) error {
				return change(ctx, r, map[string]*string{one: to("a, \"b\" ?0"), two: to("")})
			})
			want(t, 2, map[string]string{one: "a, \"b\" ?0", two: ""})
			s.must(t, func(ctx context.Context, r outbound.Repositories) error {
				return change(ctx, r, map[string]*string{one: nil})
			})
			want(t, 3, map[string]string{two: ""})
			s.must(t, func(ctx context.Context, r outbound.Repositories) error {
				return change(ctx, r, map[string]*string{one: to("again"), two: nil})
			})
			want(t, 4, map[string]string{one: "again"})
			s.wantEvents(t, one, domain.EventSettingChanged, domain.EventSettingChanged, domain.EventSettingChanged)
			s.must(t, func(ctx context.Context, r outbound.Repositories) error {
				return change(ctx, r, map[string]*string{one: nil})
			})
			want(t, 5, map[string]string{}) // setting all back takes no version back
		})
		t.Run("a save over another's is a conflict", func(t *testing.T) {
			name := given.Name("name")
			var stale *domain.Settings
			s.must(t, func(ctx context.Context, r outbound.Repositories) (err error) {
				stale, err = r.Settings.Lock(ctx)
				return err
			})
			s.must(t, func(ctx context.Context, r outbound.Repositories) error {
				return change(ctx, r, map[string]*string{name: to("theirs")})
			})
			stale.Change(map[string]*string{name: to("mine")}, actor, given.Now)
			wantCode(t, s.do(t, func(ctx context.Context, r outbound.Repositories) error { return r.Settings.Save(ctx, stale) }), domain.CodeConflict)
			same(t, "value", settings(t).Overrides[name], "theirs")
		})
		t.Run("an ended context is an error", func(t *testing.T) {
			_, err := s.Settings.Settings(ended(t))
			wantStopped(t, "Settings", err)
		})
	})
	t.Run("atomicity", func(t *testing.T) {
		t.Run("an undone unit of work sets nothing", func(t *testing.T) {
			before, name := settings(t), given.Name("name")
			wantCode(t, s.do(t, func(ctx context.Context, r outbound.Repositories) error {
				if err := change(ctx, r, map[string]*string{name: to("x")}); err != nil {
					return err
				}
				return domain.Invalid(domain.CodeInvalidGrant, "no")
			}), domain.CodeInvalidGrant)
			want(t, before.Version, before.Overrides)
			same(t, "events", len(s.events(t, name)), 0)
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("20 who set at once: each is counted, none is lost", func(t *testing.T) {
			before, prefix := settings(t).Version, given.Name("own")
			wantAll(t, race(20, func(i int) error {
				return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
					return change(ctx, r, map[string]*string{fmt.Sprintf("%s-%d", prefix, i): to(fmt.Sprint(i))})
				})
			}))
			found := settings(t)
			same(t, "version", found.Version, before+20)
			for i := range 20 {
				same(t, "value", found.Overrides[fmt.Sprintf("%s-%d", prefix, i)], fmt.Sprint(i))
			}
		})
	})
}
