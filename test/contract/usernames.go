package contract

import (
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/test/given"
)

// usersUnique is about names and addresses that are taken by users.
func usersUnique(t *testing.T, s Store) {
	suffix := given.Name("x")
	holder := given.User(func(u *user.Snapshot) {
		u.Username, u.Email = user.Username("Holder-"+suffix), user.Email("Stra\u00dfe-"+suffix+"@Example.com")
	})
	s.given(t, holder)
	another := given.User()
	s.given(t, another)

	cases := []struct {
		name            string
		username, email string // empty: free ones
		code            domain.Code
	}{
		{"the same username", "Holder-" + suffix, "", domain.CodeUsernameTaken},
		{"the username in lower case", strings.ToLower("Holder-" + suffix), "", domain.CodeUsernameTaken},
		{"the username in upper case", strings.ToUpper("Holder-" + suffix), "", domain.CodeUsernameTaken},
		{"the same address", "", "Stra\u00dfe-" + suffix + "@Example.com", domain.CodeEmailTaken},
		{"the address in upper case", "", strings.ToUpper("strasse-" + suffix + "@example.com"), domain.CodeEmailTaken},
		{"the address with a capital sharp s", "", "Stra\u1e9ee-" + suffix + "@example.com", domain.CodeEmailTaken},
		{"the address in full width", "", "\uff33\uff34rasse-" + suffix + "@example.com", domain.CodeEmailTaken},
		{"both of one user", "holder-" + suffix, "strasse-" + suffix + "@example.com", domain.CodeUsernameTaken},
		{"both, of two users", string(another.Username()), "strasse-" + suffix + "@example.com", domain.CodeUsernameTaken},
	}
	for _, c := range cases {
		claim := func(u *user.Snapshot) {
			if c.username != "" {
				u.Username = user.Username(c.username)
			}
			if c.email != "" {
				u.Email = user.Email(c.email)
			}
		}
		t.Run("adding with "+c.name+" is "+string(c.code), func(t *testing.T) {
			u := given.User(claim)
			wantCode(t, s.add(t, u), c.code)
			_, err := s.Users.ByID(within(t), u.ID())
			wantKind(t, err, domain.KindNotFound)
		})
		t.Run("saving with "+c.name+" is "+string(c.code), func(t *testing.T) {
			u := given.User()
			s.given(t, u)
			wantCode(t, s.save(t, edited(u, claim)), c.code)
			same(t, "user", s.user(t, u.ID()), u.Snapshot())
		})
	}
	t.Run("a username and an address differ in one letter only and are free", func(t *testing.T) {
		s.given(t, given.User(func(u *user.Snapshot) {
			u.Username, u.Email = user.Username("holder_"+suffix), user.Email("strase-"+suffix+"@example.com")
		}))
	})
	t.Run("one's own name may be spelled anew", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		u = edited(u, func(u *user.Snapshot) {
			u.Username, u.Email = user.Username(strings.ToUpper(string(u.Username))), user.Email(strings.ToUpper(string(u.Email)))
		})
		ok(t, s.save(t, u))
		same(t, "user", s.user(t, u.ID()), u.Snapshot())
	})
	t.Run("a name given up is free", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		ok(t, s.save(t, edited(u, func(u *user.Snapshot) { u.Username = user.Username(given.Name("renamed")) })))
		s.given(t, given.User(func(v *user.Snapshot) { v.Username = u.Username() }))
	})
}

// usersPending is about names held by registrations that collided.
func usersPending(t *testing.T, s Store) {
	t.Run("a pending registration comes back as it was", func(t *testing.T) {
		p := given.Pending(func(p *user.PendingRegistration) {
			p.Username, p.Email = user.Username(given.Name("Mixed")), user.Email("Stra\u00dfe-"+string(p.Email))
		})
		s.given(t, p)
		for _, by := range []struct {
			folded  string
			isEmail bool
		}{{p.Username.Folded(), false}, {p.Email.Folded(), true}} {
			got, err := s.Users.Pending(within(t), by.folded, by.isEmail, now())
			ok(t, err)
			same(t, by.folded, got, p)
			_, err = s.Users.Pending(within(t), by.folded, !by.isEmail, now())
			wantKind(t, err, domain.KindNotFound)
		}
	})
	t.Run("it is found until it expires, not from then on", func(t *testing.T) {
		p := given.Pending()
		s.given(t, p)
		_, err := s.Users.Pending(within(t), p.Username.Folded(), false, p.ExpiresAt.Add(-time.Microsecond))
		ok(t, err)
		_, err = s.Users.Pending(within(t), p.Username.Folded(), false, p.ExpiresAt)
		wantKind(t, err, domain.KindNotFound)
		_, err = s.Users.Pending(within(t), p.Email.Folded(), true, p.ExpiresAt)
		wantKind(t, err, domain.KindNotFound)
	})
	t.Run("of several for one address the newest is found", func(t *testing.T) {
		email := user.Email(given.Name("many") + "@example.com")
		var newest user.PendingRegistration
		for i := range 3 {
			newest = given.Pending(func(p *user.PendingRegistration) {
				p.Email, p.ExpiresAt = email, p.ExpiresAt.Add(time.Duration(i)*time.Second)
			})
			s.given(t, newest)
		}
		got, err := s.Users.Pending(within(t), email.Folded(), true, now())
		ok(t, err)
		same(t, "pending", got, newest)
	})
	t.Run("nobody's name is KindNotFound", func(t *testing.T) {
		_, err := s.Users.Pending(within(t), given.Name("nobody"), false, now())
		wantKind(t, err, domain.KindNotFound)
	})

	spelled := func(p user.PendingRegistration) user.Username {
		return user.Username(strings.ToUpper(string(p.Username)))
	}
	t.Run("an unexpired one keeps its username from users", func(t *testing.T) {
		p := given.Pending()
		s.given(t, p)
		wantCode(t, s.add(t, given.User(func(u *user.Snapshot) { u.Username = spelled(p) })), domain.CodeUsernameTaken)
		u := given.User()
		s.given(t, u)
		wantCode(t, s.save(t, edited(u, func(u *user.Snapshot) { u.Username = spelled(p) })), domain.CodeUsernameTaken)
	})
	t.Run("it takes precedence over a taken address", func(t *testing.T) {
		p, u := given.Pending(), given.User()
		s.given(t, p, u)
		wantCode(t, s.add(t, given.User(func(v *user.Snapshot) { v.Username, v.Email = p.Username, u.Snapshot().Email })), domain.CodeUsernameTaken)
	})
	t.Run("it does not keep its address", func(t *testing.T) {
		p := given.Pending()
		s.given(t, p)
		s.given(t, given.User(func(u *user.Snapshot) { u.Email = p.Email }))
	})
	t.Run("an unexpired one keeps its username from reservations", func(t *testing.T) {
		p := given.Pending()
		s.given(t, p)
		wantCode(t, s.add(t, given.Pending(func(q *user.PendingRegistration) { q.Username = spelled(p) })), domain.CodeUsernameTaken)
		got, err := s.Users.Pending(within(t), p.Username.Folded(), false, now())
		ok(t, err)
		same(t, "pending", got, p)
	})
	t.Run("a user keeps its username from reservations", func(t *testing.T) {
		u := given.User()
		s.given(t, u)
		wantCode(t, s.add(t, given.Pending(func(p *user.PendingRegistration) {
			p.Username = user.Username(strings.ToUpper(string(u.Username())))
		})), domain.CodeUsernameTaken)
	})
	expired := func(p *user.PendingRegistration) { p.ExpiresAt = now().Add(-time.Second) }
	t.Run("an expired one gives its username to a user", func(t *testing.T) {
		p := given.Pending(expired)
		s.given(t, p)
		s.given(t, given.User(func(u *user.Snapshot) { u.Username = spelled(p) }))
	})
	t.Run("an expired one gives its username to a reservation", func(t *testing.T) {
		p := given.Pending(expired)
		s.given(t, p)
		next := given.Pending(func(q *user.PendingRegistration) { q.Username = spelled(p) })
		s.given(t, next)
		got, err := s.Users.Pending(within(t), p.Username.Folded(), false, now())
		ok(t, err)
		same(t, "pending", got, next)
		_, err = s.Users.Pending(within(t), p.Email.Folded(), true, now().Add(-time.Hour))
		wantKind(t, err, domain.KindNotFound)
	})
}
