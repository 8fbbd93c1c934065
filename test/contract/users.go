package contract

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunUsers holds an implementation to outbound.Users and outbound.UserDirectory.
func RunUsers(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) {
		usersRoundTrip(t, s)
		usersSave(t, s)
		usersUnique(t, s)
		usersPending(t, s)
	})
	t.Run("contention", func(t *testing.T) { usersContention(t, s) })
}

// fullUser has every field set, in the given zone.
func fullUser(s *user.Snapshot) {
	at := func(d time.Duration) time.Time { return given.Now.Add(d) }
	s.FirstName, s.LastName, s.DisplayName, s.Bio = "Zoë", "O'Neill", `"Zo\" %s ?0 $1`, "line one\nline two\t\U0001f469\u200d\U0001f680"
	s.IsSuperuser, s.Roles = true, []role.Name{role.Admin, role.User}
	s.LastLogin, s.FailedLoginAttempts, s.LockedUntil = at(time.Hour), 3, at(2*time.Hour)
	s.PasswordChangedAt = at(-time.Hour)
	s.EmailVerificationToken, s.EmailVerificationSentAt = "verification", at(-2*time.Hour)
	s.PasswordResetToken, s.PasswordResetSentAt = "reset", at(-3*time.Hour)
	s.PendingEmail, s.Phone = "zoë@new.example.com", "+4312345678"
	s.Version, s.CreatedAt, s.UpdatedAt = 7, at(-4*time.Hour), at(time.Microsecond)
}

func usersRoundTrip(t *testing.T, s Store) {
	for name, change := range map[string]func(*user.Snapshot){
		"a user with every field": fullUser,
		"a user with the fewest fields": func(u *user.Snapshot) {
			u.PasswordHash, u.Roles, u.IsActive, u.IsVerified = "", nil, false, false
		},
	} {
		t.Run(name+" comes back as it was", func(t *testing.T) {
			u := given.User(change)
			s.given(t, u)
			want := u.Snapshot()
			same(t, "ByID", s.user(t, u.ID()), want)
			for login, isEmail := range map[string]bool{want.Username.Folded(): false, want.Email.Folded(): true} {
				got, err := s.Users.ByLogin(within(t), login, isEmail)
				ok(t, err)
				same(t, "ByLogin", got.Snapshot(), want)
			}
			got, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (*user.User, error) {
				return r.Users.Get(ctx, u.ID())
			})
			ok(t, err)
			same(t, "Get", got.Snapshot(), want)
		})
	}
	t.Run("the full user leaves no field out", func(t *testing.T) { wantFull(t, given.User(fullUser).Snapshot()) })
	t.Run("times of another zone come back in UTC", func(t *testing.T) {
		u := given.User(func(u *user.Snapshot) { u.LastLogin = given.Now.In(elsewhere) })
		s.given(t, u)
		same(t, "LastLogin", s.user(t, u.ID()).LastLogin, given.Now)
	})
	t.Run("times come back in whole microseconds", func(t *testing.T) {
		u := given.User(func(u *user.Snapshot) { u.LastLogin = given.Now.Add(499 * time.Nanosecond) })
		s.given(t, u)
		same(t, "LastLogin", s.user(t, u.ID()).LastLogin, given.Now)
	})
	t.Run("who is not there is KindNotFound", func(t *testing.T) {
		_, err := s.Users.ByID(within(t), given.ID())
		wantKind(t, err, domain.KindNotFound)
		_, err = s.Users.ByLogin(within(t), given.Name("nobody"), false)
		wantKind(t, err, domain.KindNotFound)
		_, err = s.Users.ByLogin(within(t), given.Name("nobody")+"@example.com", true)
		wantKind(t, err, domain.KindNotFound)
		_, err = read(t, s, func(ctx context.Context, r outbound.Repositories) (*user.User, error) {
			return r.Users.Get(ctx, given.ID())
		})
		wantKind(t, err, domain.KindNotFound)
	})
	t.Run("a login is found by its folded form and as what it is only", func(t *testing.T) {
		name := given.Name("Mixed")
		u := given.User(func(u *user.Snapshot) {
			u.Username, u.Email = user.Username(strings.ToUpper(name)), user.Email("Stra\u00dfe-"+name+"@Example.COM")
		})
		s.given(t, u)
		for _, typed := range []string{name, strings.ToUpper(name), "STRASSE-" + name + "@example.com", "stra\u1e9ee-" + name + "@example.com"} {
			folded, isEmail := user.FoldLogin(typed)
			got, err := s.Users.ByLogin(within(t), folded, isEmail)
			ok(t, err)
			same(t, typed, got.ID(), u.ID())
			_, err = s.Users.ByLogin(within(t), folded, !isEmail)
			wantKind(t, err, domain.KindNotFound)
		}
		_, err := s.Users.ByLogin(within(t), strings.ToLower(name)[:len(name)-1]+"%", false)
		wantKind(t, err, domain.KindNotFound)
	})
	t.Run("what is returned or handed in is not kept", func(t *testing.T) {
		roles := []role.Name{role.Admin, role.User}
		u := given.User(func(u *user.Snapshot) { u.Roles = roles })
		s.given(t, u)
		roles[0] = "changed"
		got := s.user(t, u.ID())
		spoil(t, "roles", got.Roles, "changed")
		same(t, "roles", s.user(t, u.ID()).Roles, []role.Name{role.Admin, role.User})
	})
	t.Run("roles come back sorted by byte", func(t *testing.T) {
		prefix := given.Name("r")
		names := []role.Name{role.Name(prefix + "-b"), role.Name(prefix + "_a"), role.Name(prefix + "c")} // '-' < '_' < 'c'
		for _, i := range []int{2, 0, 1} {
			s.given(t, given.Role(func(r *role.Snapshot) { r.Name = names[i] }))
		}
		u := given.User(func(u *user.Snapshot) { u.Roles = names })
		s.given(t, u)
		same(t, "roles", s.user(t, u.ID()).Roles, names)
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		_, err := s.Users.ByID(ended(t), u.ID())
		wantStopped(t, "ByID", err)
		_, err = s.Users.ByLogin(ended(t), u.Username().Folded(), false)
		wantStopped(t, "ByLogin", err)
		_, err = s.Users.Pending(ended(t), u.Username().Folded(), false, now())
		wantStopped(t, "Pending", err)
	})
}

// edited gives the user as read, with fields changed for which there is no verb.
func edited(u *user.User, change func(*user.Snapshot)) *user.User {
	next := u.Snapshot()
	change(&next)
	return user.Rehydrate(next)
}

func usersSave(t *testing.T, s Store) {
	t.Run("saving stores every field", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		u = edited(u, func(next *user.Snapshot) {
			name, created, version := given.Name("Renamed"), next.CreatedAt, next.Version
			fullUser(next)
			next.Username, next.Email, next.CreatedAt, next.Version = user.Username(name), user.Email(name+"@example.org"), created, version
			next.PasswordHash, next.IsActive, next.IsVerified = "other", false, false
		})
		ok(t, s.save(t, u))
		same(t, "saved", s.user(t, u.ID()), u.Snapshot())
	})
	t.Run("saving empties fields again", func(t *testing.T) {
		u := given.User(fullUser)
		s.given(t, u)
		bare := given.User().Snapshot()
		bare.ID, bare.Username, bare.Email, bare.CreatedAt, bare.Version = u.ID(), u.Username(), u.Snapshot().Email, u.Snapshot().CreatedAt, u.Snapshot().Version
		bare.Roles = nil
		u = user.Rehydrate(bare)
		ok(t, s.save(t, u))
		same(t, "saved", s.user(t, u.ID()), u.Snapshot())
	})
	t.Run("login bookkeeping is saved and leaves the version alone", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			u, err := r.Users.Get(ctx, u.ID())
			if err != nil {
				return err
			}
			u.LoggedIn(given.Now.Add(time.Hour))
			return r.Users.Save(ctx, u)
		})
		got := s.user(t, u.ID())
		same(t, "LastLogin", got.LastLogin, given.Now.Add(time.Hour))
		same(t, "Version", got.Version, int64(1))
		s.wantEvents(t, u.ID().String(), domain.EventLoginSucceeded)
	})
	t.Run("roles are added and taken away", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		for _, roles := range [][]role.Name{{role.Admin, role.User}, {role.Admin}, nil, {role.User}} {
			u = edited(u, func(next *user.Snapshot) { next.Roles = roles })
			ok(t, s.save(t, u))
			same(t, "roles", s.user(t, u.ID()).Roles, roles)
		}
	})
	t.Run("who is gone is KindNotFound", func(t *testing.T) {
		wantKind(t, s.save(t, given.User()), domain.KindNotFound)
	})
	t.Run("what others changed meanwhile is CodeConflict", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		find := func() *user.User {
			u, err := s.Users.ByID(within(t), u.ID())
			ok(t, err)
			return u
		}
		login, edit := find(), find()
		ok(t, s.append(t, u.ID(), "a"))
		login.LoggedIn(given.Now)
		wantCode(t, s.save(t, login), domain.CodeConflict)
		lost := "lost"
		ok(t, edit.ChangeProfile(user.ProfileChange{Bio: &lost}, domain.System, given.Now))
		wantCode(t, s.save(t, edit), domain.CodeConflict)
		got := s.user(t, u.ID())
		same(t, "bio", got.Bio, "a")
		same(t, "last login", got.LastLogin, time.Time{})
		s.wantEvents(t, u.ID().String(), domain.EventUserUpdated)
	})
	t.Run("an unknown role is CodeUnknownRole and stores nothing", func(t *testing.T) {
		unknown := []role.Name{role.User, role.Name(given.Name("unknown"))}
		u := given.User(func(u *user.Snapshot) { u.Roles = unknown })
		wantCode(t, s.add(t, u), domain.CodeUnknownRole)
		_, err := s.Users.ByID(within(t), u.ID())
		wantKind(t, err, domain.KindNotFound)

		u = given.User()
		s.given(t, u)
		wantCode(t, s.save(t, edited(u, func(next *user.Snapshot) { next.Roles = unknown })), domain.CodeUnknownRole)
		same(t, "user", s.user(t, u.ID()), u.Snapshot())
	})
	t.Run("the superusers that are active are counted", func(t *testing.T) {
		before := s.superusers(t)
		boss := given.Superuser()
		s.given(t, boss, given.User(), given.User(func(u *user.Snapshot) { u.IsSuperuser, u.IsActive = true, false }))
		same(t, "superusers", s.superusers(t), before+1)
		ok(t, s.save(t, edited(boss, func(next *user.Snapshot) { next.IsActive = false })))
		same(t, "superusers", s.superusers(t), before)
	})
}

func (s Store) superusers(t testing.TB) int {
	n, err := read(t, s, func(ctx context.Context, r outbound.Repositories) (int, error) { return r.Users.LockSuperusers(ctx) })
	ok(t, err)
	return n
}
