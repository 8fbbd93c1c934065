package contract

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Store is the storage ports, all over one migrated store.
type Store struct {
	UnitOfWork   outbound.UnitOfWork
	Users        outbound.UserDirectory
	Clients      outbound.ClientDirectory
	Usage        outbound.ClientUsage
	Roles        outbound.RoleDirectory
	Scopes       outbound.ScopeDirectory
	Principals   outbound.Principals
	Spender      outbound.RefreshSpender
	Opener       outbound.SessionOpener
	Refresh      outbound.RefreshDirectory
	Keys         outbound.KeyDirectory
	Lockouts     outbound.Lockouts
	Signals      outbound.SignalLog
	Audit        outbound.AuditLog
	Settings     outbound.SettingsDirectory
	Housekeeping outbound.Housekeeping
	Statistics   outbound.Statistics
	Seals        outbound.AuditSeals
	Vault        outbound.Vault

	UserList    outbound.UserList
	SessionList outbound.SessionList
	History     outbound.PasswordHistory
}

// RunStore runs every storage suite. open is called once for each and gives a
// store that nobody else uses meanwhile, with an empty vault.
func RunStore(t *testing.T, open func(t *testing.T) Store) {
	for _, suite := range []struct {
		port string
		run  func(*testing.T, func(*testing.T) Store)
	}{
		{"UnitOfWork", RunUnitOfWork},
		{"Users", RunUsers},
		{"UserList", RunUserList},
		{"Passwords", RunPasswords},
		{"Tickets", RunTickets},
		{"UserAdministration", RunUserAdministration},
		{"Clients", RunClients},
		{"ClientUsage", RunClientUsage},
		{"Principals", RunPrincipals},
		{"Roles", RunRoles},
		{"Scopes", RunScopes},
		{"Access", RunAccess},
		{"Sessions", RunSessions},
		{"SessionList", RunSessionList},
		{"RefreshTokens", RunRefreshTokens},
		{"RefreshSpender", RunSpender},
		{"SessionOpener", RunOpener},
		{"SigningKeys", RunSigningKeys},
		{"Lockouts", RunLockouts},
		{"Signals", RunSignals},
		{"Events", RunEvents},
		{"AuditLog", RunAudit},
		{"Settings", RunSettings},
		{"Housekeeping", RunHousekeeping},
		{"Statistics", RunStatistics},
		{"AuditSeals", RunSeals},
		{"Vault", RunVault},
	} {
		t.Run(suite.port, func(t *testing.T) { suite.run(t, open) })
	}
}

// do runs one unit of work.
func (s Store) do(t testing.TB, work func(ctx context.Context, r outbound.Repositories) error) error {
	return s.UnitOfWork.Do(within(t), work)
}

// must runs one unit of work that has to succeed.
func (s Store) must(t testing.TB, work func(ctx context.Context, r outbound.Repositories) error) {
	t.Helper()
	ok(t, s.do(t, work))
}

// add stores new aggregates in one unit of work and tells how that went.
func (s Store) add(t testing.TB, things ...any) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error { return addTo(ctx, r, things...) })
}

// given stores new aggregates, which has to succeed.
func (s Store) given(t testing.TB, things ...any) {
	t.Helper()
	ok(t, s.add(t, things...))
}

func addTo(ctx context.Context, r outbound.Repositories, things ...any) error {
	for _, thing := range things {
		var err error
		switch a := thing.(type) {
		case *user.User:
			err = r.Users.Add(ctx, a)
		case user.PendingRegistration:
			err = r.Users.Reserve(ctx, a)
		case *client.ServiceClient:
			err = r.Clients.Add(ctx, a)
		case *role.Role:
			err = r.Roles.Add(ctx, a)
		case *scope.Scope:
			err = r.Scopes.Add(ctx, a)
		case *token.Session:
			err = r.Sessions.Add(ctx, a)
		case *token.RefreshToken:
			err = r.RefreshTokens.Add(ctx, a)
		case *token.SigningKey:
			err = r.Keys.Add(ctx, a)
		default:
			err = fmt.Errorf("the suite can't add a %T", thing)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// save stores changed aggregates in one unit of work and tells how that went.
func (s Store) save(t testing.TB, things ...any) error {
	return s.do(t, func(ctx context.Context, r outbound.Repositories) error { return saveTo(ctx, r, things...) })
}

func saveTo(ctx context.Context, r outbound.Repositories, things ...any) error {
	for _, thing := range things {
		var err error
		switch a := thing.(type) {
		case *user.User:
			err = r.Users.Save(ctx, a)
		case *client.ServiceClient:
			err = r.Clients.Save(ctx, a)
		case *role.Role:
			err = r.Roles.Save(ctx, a)
		case *scope.Scope:
			err = r.Scopes.Save(ctx, a)
		case *token.Session:
			err = r.Sessions.Save(ctx, a)
		case *token.RefreshToken:
			err = r.RefreshTokens.Save(ctx, a)
		case *token.SigningKey:
			err = r.Keys.Save(ctx, a)
		default:
			err = fmt.Errorf("the suite can't save a %T", thing)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read runs a query in a unit of work of its own.
func read[T any](t testing.TB, s Store, query func(ctx context.Context, r outbound.Repositories) (T, error)) (T, error) {
	var found T
	err := s.do(t, func(ctx context.Context, r outbound.Repositories) (err error) {
		found, err = query(ctx, r)
		return err
	})
	return found, err
}

// user gives the stored user, which has to exist.
func (s Store) user(t testing.TB, id domain.ID) user.Snapshot {
	t.Helper()
	u, err := s.Users.ByID(within(t), id)
	ok(t, err)
	return u.Snapshot()
}

// refresh gives the stored token and session, which have to exist.
func (s Store) refresh(t testing.TB, digest token.Digest) (token.RefreshSnapshot, token.SessionSnapshot) {
	t.Helper()
	link, session, err := s.Refresh.ByDigest(within(t), digest)
	ok(t, err)
	return link.Snapshot(), session.Snapshot()
}

// trail is how many events about one subject the suites look at, at most.
const trail = 2000

// events gives the stored events about a subject, newest first.
func (s Store) events(t testing.TB, subject string) []domain.Event {
	t.Helper()
	records, err := s.Audit.Find(within(t), domain.AuditFilter{Subject: subject}, domain.Page{Limit: trail})
	ok(t, err)
	var found []domain.Event
	for _, record := range records.Items {
		found = append(found, record.Event)
	}
	return found
}

// wantEvents holds the events about a subject to be of these types, oldest first.
func (s Store) wantEvents(t testing.TB, subject string, types ...domain.EventType) {
	t.Helper()
	found := s.events(t, subject)
	var got []domain.EventType
	for i := len(found) - 1; i >= 0; i-- {
		got = append(got, found[i].Type)
	}
	same(t, "events of "+subject, got, types)
}

// elsewhere is a zone whose times must come back in UTC.
var elsewhere = time.FixedZone("elsewhere", 5*3600+1800)
