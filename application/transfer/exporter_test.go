package transfer

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// trail is a store that keeps events, and users.
type trail struct {
	users  []user.Snapshot
	fail   error
	events []domain.Event
}

func (s *trail) Now() time.Time { return given.Now }

func (s *trail) Sleep(context.Context, time.Duration) error { return nil }

func (s *trail) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	if err := errors.Join(s.fail, ctx.Err()); err != nil {
		return err
	}
	return work(ctx, outbound.Repositories{Events: s})
}

func (s *trail) Append(_ context.Context, events ...domain.Event) error {
	s.events = append(s.events, events...)
	return nil
}

// List gives one user a page.
func (s *trail) List(_ context.Context, filter outbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	left := s.users
	for page.After != "" && left[0].ID.String() != page.After {
		left = left[1:]
	}
	if page.After != "" {
		left = left[1:]
	}
	for filter.IsActive != nil && len(left) > 0 && left[0].IsActive != *filter.IsActive {
		left = left[1:]
	}
	if len(left) == 0 {
		return domain.Listing[user.Snapshot]{}, nil
	}
	return domain.Listing[user.Snapshot]{Items: left[:1], Next: left[0].ID.String()}, nil
}

// nothing is a directory without entries.
type nothing[T any] struct{}

func (nothing[T]) List(context.Context, domain.Page) (domain.Listing[T], error) {
	return domain.Listing[T]{}, nil
}

type noScopes struct {
	outbound.ScopeDirectory
	nothing[*scope.Scope]
}

func (n noScopes) List(ctx context.Context, page domain.Page) (domain.Listing[*scope.Scope], error) {
	return n.nothing.List(ctx, page)
}

type noRoles struct {
	outbound.RoleDirectory
	nothing[*role.Role]
}

func (n noRoles) List(ctx context.Context, page domain.Page) (domain.Listing[*role.Role], error) {
	return n.nothing.List(ctx, page)
}

type noClients struct {
	outbound.ClientUsage
	nothing[outbound.ClientUse]
}

func (n noClients) List(ctx context.Context, page domain.Page) (domain.Listing[outbound.ClientUse], error) {
	return n.nothing.List(ctx, page)
}

func TestExportsAreTold(t *testing.T) {
	full, away := errors.New("the disk is full"), errors.New("away")
	for name, c := range map[string]struct {
		hashes    bool
		breaks    int // the entry that can't be written; zero: none
		fail, err error
		want      []string // outcomes and reasons
	}{
		"without hashes": {want: []string{"success without_hashes: begun"}},
		"with hashes":    {hashes: true, want: []string{"success with_hashes: begun"}},
		"broken off":     {hashes: true, breaks: 1, err: full, want: []string{"success with_hashes: begun", "failure with_hashes: 1"}},
		"not to be told": {fail: away, err: away},
	} {
		t.Run(name, func(t *testing.T) {
			s := &trail{users: []user.Snapshot{given.User().Snapshot(), given.User().Snapshot()}, fail: c.fail}
			ctx, give := context.WithCancel(t.Context())
			defer give()
			given := 0
			err := NewExporter(s, s, noScopes{}, noRoles{}, noClients{}, s).Export(ctx, c.hashes, func(inbound.Entry) error {
				if len(s.events) == 0 {
					t.Error("an entry was given before the trail knew")
				}
				if given++; given == c.breaks {
					give() // told even where nobody waits any more
					return full
				}
				return nil
			})
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Errorf("got %v, want %v", err, c.err)
			}
			if c.fail != nil && given > 0 {
				t.Errorf("%d entries were given untold", given)
			}
			var told []string
			for _, e := range s.events {
				told = append(told, string(e.Outcome)+" "+e.Reason)
				if e.Type != domain.EventExported || e.Actor != domain.System {
					t.Errorf("told %+v", e)
				}
			}
			if !slices.Equal(told, c.want) {
				t.Errorf("told %q, want %q", told, c.want)
			}
		})
	}
}

func TestWhoAdministers(t *testing.T) {
	ordinary := given.User().Snapshot()
	asleep := given.User(func(u *user.Snapshot) { u.IsSuperuser, u.IsActive = true, false }).Snapshot()
	mute := given.User(func(u *user.Snapshot) { u.IsSuperuser, u.PasswordHash = true, "" }).Snapshot()
	root := given.User(func(u *user.Snapshot) { u.IsSuperuser = true }).Snapshot()
	for name, c := range map[string]struct {
		users []user.Snapshot
		want  bool
	}{
		"nobody":        {},
		"none who can":  {users: []user.Snapshot{ordinary, asleep, mute}},
		"the last does": {users: []user.Snapshot{ordinary, asleep, mute, root}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := (&Importer{list: &trail{users: c.users}}).Administered(t.Context()); got != c.want || err != nil {
				t.Errorf("got %t, %v", got, err)
			}
		})
	}
}
