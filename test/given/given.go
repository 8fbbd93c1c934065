package given

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

// Now is the time of tests that do not care: UTC, with microseconds.
var Now = time.Date(2026, time.March, 14, 9, 26, 53, 589793000, time.UTC)

// PasswordHash has the form of a PHC string and matches nothing.
const PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Origin is where the requests of tests come from (RFC 5737 address).
var Origin = domain.Origin{Address: "192.0.2.7", UserAgent: "given/1.0", RequestID: "req-given"}

// ID gives a fresh version 7 UUID (RFC 9562, section 5.7).
func ID() domain.ID {
	var id domain.ID
	fill(id[:])
	ms := uint64(Now.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}

// Name gives a fresh name of lower-case letters, digits and hyphens that
// starts with the given word.
func Name(word string) string {
	var b [6]byte
	fill(b[:])
	return word + "-" + hex.EncodeToString(b[:])
}

// Digest gives a fresh digest, of a token that nobody holds.
func Digest() token.Digest {
	return token.DigestOf(Opaque(token.RefreshPrefix))
}

// Opaque gives a fresh opaque value.
func Opaque(prefix string) domain.Secret {
	var entropy [32]byte
	fill(entropy[:])
	return token.NewOpaque(prefix, entropy)
}

// User gives an active, verified user with the role `user`.
func User(change ...func(*user.Snapshot)) *user.User {
	name := Name("user")
	s := user.Snapshot{
		ID: ID(), Username: user.Username(name), Email: user.Email(name + "@example.com"), PasswordHash: PasswordHash,
		IsActive: true, IsVerified: true, Roles: []role.Name{role.User},
		PasswordChangedAt: Now, Version: 1, CreatedAt: Now, UpdatedAt: Now,
	}
	for _, c := range change {
		c(&s)
	}
	return user.Rehydrate(s)
}

// Checked gives a registration that kept every rule.
func Checked() user.Checked {
	name := Name("user")
	checked, err := user.Registration{Username: name, Email: name + "@example.com"}.
		Check(domain.NewSecret("correct horse battery staple"), user.PasswordPolicy{MinLength: 15, MaxLength: 256})
	if err != nil {
		panic(err)
	}
	return checked
}

// Registered gives a user who just registered, the event recorded.
func Registered() *user.User { return user.Register(ID(), Checked(), PasswordHash, Now) }

// Superuser gives an active superuser, the event recorded.
func Superuser() *user.User { return user.NewSuperuser(ID(), Checked(), PasswordHash, Now) }

// Pending gives a registration that collided with a known address.
func Pending(change ...func(*user.PendingRegistration)) user.PendingRegistration {
	p := user.Collide(Checked(), PasswordHash, time.Now().UTC().Truncate(time.Microsecond))
	for _, c := range change {
		c(&p)
	}
	return p
}

// Client gives an active confidential client for client_credentials that holds
// read:users.
func Client(change ...func(*client.Snapshot)) *client.ServiceClient {
	s := client.Snapshot{
		ID: ID(), ClientID: Name("client"), SecretHash: string(Digest()), Name: "A client", IsActive: true,
		AuthMethod: "client_secret_basic",
		Scopes:     scope.NewSet(scope.ReadUsers), GrantTypes: []string{"client_credentials"},
		Version: 1, CreatedAt: Now, UpdatedAt: Now,
	}
	for _, c := range change {
		c(&s)
	}
	return client.Rehydrate(s)
}

// Role gives a role without scopes.
func Role(change ...func(*role.Snapshot)) *role.Role {
	s := role.Snapshot{ID: ID(), Name: role.Name(Name("role")), Description: "A role", Version: 1, CreatedAt: Now, UpdatedAt: Now}
	for _, c := range change {
		c(&s)
	}
	return role.Rehydrate(s)
}

// Scope gives a scope read:<resource> of a fresh resource.
func Scope() *scope.Scope {
	resource := Name("res")
	return scope.Rehydrate(scope.Snapshot{
		ID: ID(), Name: scope.Of("read", resource), Description: "A scope", Resource: resource, Version: 1, CreatedAt: Now, UpdatedAt: Now,
	})
}

// Session gives a living session of the user through the first-party client.
func Session(u *user.User, change ...func(*token.SessionSnapshot)) *token.Session {
	s := token.SessionSnapshot{
		ID: ID(), UserID: u.ID(), ClientID: client.FirstParty, Address: Origin.Address, UserAgent: Origin.UserAgent,
		CreatedAt: Now, ExpiresAt: Now.Add(90 * 24 * time.Hour),
	}
	for _, c := range change {
		c(&s)
	}
	return token.RehydrateSession(s)
}

// Refresh gives a fresh link of the session's chain that lives 30 days.
func Refresh(s *token.Session, change ...func(*token.RefreshSnapshot)) *token.RefreshToken {
	t := token.RefreshSnapshot{
		ID: ID(), Digest: Digest(), SessionID: s.ID(), UserID: s.UserID(), ClientID: s.ClientID(),
		Scope: scope.NewSet(scope.ReadProfile, scope.WriteProfile), CreatedAt: Now, ExpiresAt: Now.Add(30 * 24 * time.Hour),
	}
	for _, c := range change {
		c(&t)
	}
	return token.RehydrateRefresh(t)
}

// Successor gives what a next link is made from.
func Successor() token.Successor {
	return token.Successor{ID: ID(), Digest: Digest(), Key: Name("mk")}
}

// Ticket gives a ticket of a purpose and holder of its own, with a code.
func Ticket(change ...func(*token.TicketSnapshot)) *token.Ticket {
	s := token.TicketSnapshot{
		Purpose: Name("purpose"), Holder: Name("holder"), ID: ID(), Digest: string(Digest()), Data: "data \u00e5 'quoted'", ExpiresAt: Now.Add(10 * time.Minute),
	}
	for _, c := range change {
		c(&s)
	}
	return token.RehydrateTicket(s)
}

// Key gives a signing key in the state retired, trusted for a day: a ring
// takes any number of those.
func Key(change ...func(*token.KeySnapshot)) *token.SigningKey {
	id := Name("kid")
	s := token.KeySnapshot{
		ID: id, Algorithm: token.ES256, State: token.KeyRetired, Sealed: []byte{0, 1, 2, 0xff}, PublicJWK: []byte(`{"kid":"` + id + `"}`),
		CreatedAt: Now, ActivatedAt: Now, RetiredAt: Now, ExpiresAt: Now.Add(24 * time.Hour),
	}
	for _, c := range change {
		c(&s)
	}
	return token.RehydrateKey(s)
}

func fill(b []byte) {
	if _, err := rand.Read(b); err != nil {
		panic(err) // never returns an error since Go 1.24
	}
}
