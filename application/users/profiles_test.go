package users

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// kept is a cache that forgets only what it is told to.
type kept map[string]user.Snapshot

func (k kept) Get(key string) (user.Snapshot, bool) {
	value, ok := k[key]
	return value, ok
}

func (k kept) Load(ctx context.Context, key string, load func(context.Context, string) (user.Snapshot, error)) (user.Snapshot, error) {
	value, err := load(ctx, key)
	if err == nil {
		k[key] = value
	}
	return value, err
}

func (k kept) Drop(key string) { delete(k, key) }
func (k kept) DropAll()        { clear(k) }

func newProfiles(directory outbound.UserDirectory) *Profiles { return NewProfiles(directory, kept{}) }

// countingDirectory counts the users that were read.
type countingDirectory struct {
	outbound.UserDirectory
	reads int
}

func (d *countingDirectory) ByID(ctx context.Context, id domain.ID) (*user.User, error) {
	d.reads++
	return d.UserDirectory.ByID(ctx, id)
}

func TestProfilesAreReadOnceUntilASignalDropsThem(t *testing.T) {
	ada, bob := given.User(), given.User(func(s *user.Snapshot) { s.Username, s.Email = "bob", "bob@example.com" })
	directory := &countingDirectory{UserDirectory: newStore(ada, bob)}
	profiles := newProfiles(directory)
	read := func(want int, why string) {
		t.Helper()
		for _, u := range []*user.User{ada, bob} {
			got, err := profiles.Of(t.Context(), u.ID().String())
			must(t, err)
			if diff := cmp.Diff(u.Snapshot().WithoutSecrets(), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", why, diff)
			}
		}
		if directory.reads != want {
			t.Errorf("%s: %d read, want %d", why, directory.reads, want)
		}
	}
	read(2, "at first")
	read(2, "again")
	for _, c := range []struct {
		signal token.Signal
		reads  int
	}{
		{token.Saved(ada.ID(), given.Now), 3},
		{token.Changed(token.SignalPrincipalChanged, bob.ID().String(), given.Now), 4},
		{token.Changed(token.SignalRolesChanged, "user", given.Now), 6},
		{token.Changed(token.SignalPrincipalChanged, given.ID().String(), given.Now), 6},
		{token.Signal{Kind: token.SignalSessionEnded, ID: ada.ID().String()}, 6},
	} {
		profiles.Follow(c.signal)
		read(c.reads, string(c.signal.Kind))
	}
}

func TestProfilesHoldNoSecret(t *testing.T) {
	owner := given.User(func(s *user.Snapshot) {
		s.PasswordHash, s.EmailVerificationToken, s.PasswordResetToken = "hash", "verification", "reset"
	})
	cache := kept{}
	_, err := NewProfiles(newStore(owner), cache).Of(t.Context(), owner.ID().String())
	must(t, err)
	s := cache[owner.ID().String()]
	if s.ID != owner.ID() || s.PasswordHash != "" || s.EmailVerificationToken != "" || s.PasswordResetToken != "" {
		t.Errorf("kept %+v", s)
	}
}

func TestProfilesOfNobody(t *testing.T) {
	profiles := newProfiles(newStore())
	for _, id := range []string{given.ID().String(), "client", ""} {
		if _, err := profiles.Of(t.Context(), id); !domain.HasCode(err, domain.CodeNotFound) {
			t.Errorf("Of(%q): %v", id, err)
		}
	}
}
