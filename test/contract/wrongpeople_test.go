package contract_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongPeople are the stores that are wrong about people, clients and what they
// may, and about units of work.
var wrongPeople = map[string]suite{
	"UnitOfWork": {run: contract.RunUnitOfWork, faults: []fault{
		{what: "loses events", sql: losesNew("events"), fails: "all that was done is stored"},
		{what: "stores events twice", sql: "CREATE TRIGGER twice AFTER INSERT ON events BEGIN INSERT INTO events" + eventColumns + " SELECT " + eventColumns[1:len(eventColumns)-1] + " FROM events WHERE seq = new.seq; END", fails: "saving twice stores an event once"},
		{what: "swallows errors", wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, work work) error {
			_ = inner.Do(ctx, work)
			return nil
		}), fails: "an error stores nothing"},
		{what: "words errors anew", wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, work work) error {
			return domain.Internal(inner.Do(ctx, work))
		}), fails: "is returned as it is"},
		commits("a foreign error stores nothing"),
		{what: "undoes refusals", wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, work work) error {
			return inner.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
				err := work(ctx, r)
				var refusal *domain.Refusal
				if errors.As(err, &refusal) {
					return refusal.Err
				}
				return err
			})
		}), fails: "a refusal stores everything"},
		{what: "swallows panics", wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, work work) (err error) {
			defer func() {
				if recover() != nil {
					err = domain.Internal(errors.New("a panic"))
				}
			}()
			return inner.Do(ctx, work)
		}), fails: "a panic stores nothing"},
		{what: "goes on when its context ends", wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, work work) error {
			return inner.Do(context.WithoutCancel(ctx), work)
		}), fails: "an ended context does no work"},
		{what: "runs the work twice", wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, work work) error {
			return inner.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
				return errors.Join(work(ctx, r), work(ctx, r))
			})
		}), fails: "none is lost"},
		{what: "does not see its own changes", wrap: func(s *contract.Store) {
			outside := s.Users
			inUnits(func(r *outbound.Repositories) { r.Users = users{Users: r.Users, get: outside.ByID} })(s)
		}, fails: "sees its own changes"},
		{what: "shows changes early", wrap: early, fails: "nobody else sees them before the end"},
		{what: "counts no version up", sql: spoils("users", "version", "1"), fails: "none is lost"},
	}},
	"Users": {run: contract.RunUsers, faults: slices.Concat(spoilt("users", "a user with every field", "bio", "first_name", "last_name", "display_name", "password_hash", "phone", "pending_email"),
		emptied("users", "a user with every field", "locked_until", "last_login", "email_verification_sent_at", "password_reset_sent_at"), []fault{
			{what: "verifies nobody", sql: spoils("users", "is_verified", "0"), fails: "a user with every field"},
			{what: "tells times of another zone", wrap: found(func(s *user.Snapshot) { s.LastLogin = s.LastLogin.In(elsewhere) }), fails: "times of another zone"},
			{what: "tells finer times", wrap: found(func(s *user.Snapshot) { s.LastLogin = s.LastLogin.Add(1) }), fails: "whole microseconds"},
			{what: "tells coarser times", wrap: found(func(s *user.Snapshot) { s.CreatedAt = s.CreatedAt.Truncate(time.Millisecond) }), fails: "a user with every field"},
			{what: "gives roles unsorted", wrap: found(func(s *user.Snapshot) { slices.Reverse(s.Roles) }), fails: "roles come back sorted"},
			{what: "is lost for absence", wrap: directory(func(d *directories) {
				d.byID = func(ctx context.Context, id domain.ID) (*user.User, error) {
					u, err := d.UserDirectory.ByID(ctx, id)
					return u, internally(err)
				}
			}), fails: "who is not there is KindNotFound"},
			{what: "fails with a driver's error", wrap: directory(func(d *directories) {
				d.byID = func(ctx context.Context, id domain.ID) (*user.User, error) {
					u, err := d.UserDirectory.ByID(ctx, id)
					return u, foreign(err)
				}
			}), fails: "who is not there is KindNotFound"},
			{what: "takes names for addresses", wrap: directory(func(d *directories) {
				d.byLogin = func(ctx context.Context, folded string, _ bool) (*user.User, error) {
					if u, err := d.UserDirectory.ByLogin(ctx, folded, true); err == nil {
						return u, nil
					}
					return d.UserDirectory.ByLogin(ctx, folded, false)
				}
			}), fails: "as what it is only"},
			{what: "keeps what it gives", wrap: keeping, fails: "what is returned or handed in is not kept"},
			{what: "does not hear of an end", wrap: directory(func(d *directories) {
				d.byID = func(ctx context.Context, id domain.ID) (*user.User, error) {
					return d.UserDirectory.ByID(context.WithoutCancel(ctx), id)
				}
			}), fails: "an ended context"},
			{what: "loses changes", sql: losesChanges("users"), fails: "saving stores every field"},
			{what: "adds no roles", sql: losesNew("user_roles"), fails: "roles are added and taken away"},
			{what: "takes no roles away", sql: keepsDeleted("user_roles"), fails: "roles are added and taken away"},
			{what: "lets the last write win", wrap: userSaves(domain.CodeConflict), fails: "what others changed meanwhile is CodeConflict"},
			{what: "passes over unknown roles", wrap: userSaves(domain.CodeUnknownRole), fails: "an unknown role is CodeUnknownRole"},
			{what: "passes over who is gone", wrap: userSaves(domain.CodeNotFound), fails: "who is gone is KindNotFound"},
			{what: "swallows a taken username", wrap: userSaves(domain.CodeUsernameTaken), fails: "the same username is username taken"},
			{what: "swallows a taken address", wrap: userSaves(domain.CodeEmailTaken), fails: "the same address is email taken"},
			{what: "has no unique names", sql: spoils("users", "username_folded", "new.id"), fails: "one name: one winner"},
			{what: "has no unique addresses", sql: spoils("users", "email_folded", "new.id"), fails: "one address: one winner"},
			{what: "miscounts superusers", wrap: inUnits(func(r *outbound.Repositories) { r.Users = users{Users: r.Users, superusers: 1} }), fails: "superusers that are active are counted"},
			{what: "reserves nothing", sql: losesNew("pending_registrations"), fails: "a pending registration comes back"},
			{what: "gives nothing free", sql: keepsDeleted("pending_registrations"), fails: "an expired one gives its username to a reservation"},
			{what: "forgets that reservations expire", wrap: directory(func(d *directories) {
				d.pending = func(ctx context.Context, folded string, isEmail bool, _ time.Time) (user.PendingRegistration, error) {
					return d.UserDirectory.Pending(ctx, folded, isEmail, time.Unix(0, 0))
				}
			}), fails: "it is found until it expires"},
			{what: "has reservations expire at once", sql: spoils("pending_registrations", "expires_at", "'2001-01-01 00:00:00+00:00'"), fails: "an unexpired one keeps its username from users"},
			{what: "has reservations last", sql: spoils("pending_registrations", "expires_at", "'2999-01-01 00:00:00+00:00'"), fails: "an expired one gives its username to a user"},
			{what: "takes nobody for a breakdown", wrap: directory(func(d *directories) {
				d.pending = func(ctx context.Context, folded string, isEmail bool, now time.Time) (user.PendingRegistration, error) {
					p, err := d.UserDirectory.Pending(ctx, folded, isEmail, now)
					return p, internally(err)
				}
			}), fails: "nobody's name is KindNotFound"},
			{what: "compares names by pattern", sql: refuses("users", "SELECT 1 FROM users WHERE username_folded LIKE new.username_folded AND id <> new.id AND username_folded <> new.username_folded"),
				fails: "differ in one letter only and are free"},
			{what: "keeps addresses for reservations", sql: refuses("users", "SELECT 1 FROM pending_registrations WHERE email_folded = new.email_folded"), fails: "it does not keep its address"},
		}), spared: map[string]string{"behaviour/the full user leaves no field out": ofItself}},
	"UserAdministration": {run: contract.RunUserAdministration, faults: []fault{
		{what: "deletes nobody", sql: keepsDeleted("users"), fails: "who is deleted is gone"},
		{what: "passes over who is gone", wrap: userSaves(domain.CodeNotFound), fails: "deleting who is gone"},
		{what: "deletes what was changed", wrap: userSaves(domain.CodeConflict), fails: "deleting who was changed meanwhile"},
		{what: "reads principals outside", wrap: func(s *contract.Store) {
			outside := s.Principals
			inUnits(func(r *outbound.Repositories) { r.Principals = outside })(s)
		}, fails: "a principal shows what its unit of work changed"},
	}},
	"Clients": {run: contract.RunClients, faults: slices.Concat(spoilt("service_clients", "a client with every field", "name", "description", "client_secret_hash", "previous_secret_hash", "jwks"),
		emptied("service_clients", "a client with every field", "access_token_lifetime", "previous_secret_until"), []fault{
			{what: "activates all", sql: spoils("service_clients", "is_active", "1"), fails: "saving stores every field"},
			{what: "loses changes", sql: losesChanges("service_clients"), fails: "saving stores every field"},
			{what: "adds no scopes", sql: losesNew("service_client_scopes"), fails: "scopes are added and taken away"},
			{what: "takes no scopes away", sql: keepsDeleted("service_client_scopes"), fails: "scopes are added and taken away"},
			{what: "loses events", sql: losesNew("events"), fails: "its event is stored with it"},
			breaksDown("what is not there is KindNotFound"),
			{what: "disables its own client", sql: "UPDATE service_clients SET is_active = 0", fails: "the first-party client is there"},
			{what: "swallows a taken id", wrap: clientSaves(domain.CodeConflict), fails: "one client id: one winner"},
			{what: "lets the last write win", wrap: clientSaves(domain.CodeConflict), fails: "what others changed meanwhile"},
			{what: "passes over unknown scopes", wrap: clientSaves(domain.CodeUnknownScope), fails: "an unknown scope is CodeUnknownScope"},
			{what: "passes over what is gone", wrap: clientSaves(domain.CodeNotFound), fails: "what is gone is KindNotFound"},
			{what: "does not hear of an end", wrap: func(s *contract.Store) {
				next := s.Clients
				s.Clients = clientDirectory(func(ctx context.Context, id string) (*client.ServiceClient, error) {
					return next.ByClientID(context.WithoutCancel(ctx), id)
				})
			}, fails: "an ended context"},
		}), spared: map[string]string{"behaviour/the full client leaves no field out": ofItself}},
	"Principals": {run: contract.RunPrincipals, faults: []fault{
		{what: "sorts nothing", wrap: principals(func(p *token.Principal) { slices.Reverse(p.Scopes) }), fails: "sorted by byte"},
		{what: "knows no roles", wrap: principals(func(p *token.Principal) { p.Roles = nil }), fails: "a role without scopes is named"},
		{what: "takes all for active", wrap: principals(func(p *token.Principal) { p.Active = true }), fails: "an inactive user is given"},
		{what: "gives superusers nothing", wrap: principals(func(p *token.Principal) {
			if p.IsSuperuser {
				p.Scopes = nil
			}
		}), fails: "a superuser holds every scope"},
		{what: "invents scopes", wrap: principals(func(p *token.Principal) { p.Scopes = append(p.Scopes, "zzz:zzz") }), fails: "without roles it holds nothing"},
		{what: "remembers", wrap: remembering, fails: "shows at once"},
		{what: "gives the same to all", wrap: remembering, fails: "what is returned is not kept"},
		{what: "swallows absence", wrap: func(s *contract.Store) {
			next := s.Principals
			s.Principals = principalsFunc(func(ctx context.Context, id domain.ID) (token.Principal, error) {
				p, err := next.User(ctx, id)
				return p, except(err, domain.CodeNotFound)
			})
		}, fails: "who is not there is KindNotFound"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			next := s.Principals
			s.Principals = principalsFunc(func(ctx context.Context, id domain.ID) (token.Principal, error) {
				return next.User(context.WithoutCancel(ctx), id)
			})
		}, fails: "an ended context"},
	}},
	"Roles": {run: contract.RunRoles, faults: []fault{
		{what: "spoils descriptions", sql: spoils("roles", "description", "'x'"), fails: "a role comes back as it was"},
		{what: "grants nothing", sql: losesNew("role_scopes"), fails: "scopes are granted and withdrawn"},
		{what: "withdraws nothing", sql: keepsDeleted("role_scopes"), fails: "scopes are granted and withdrawn"},
		{what: "swallows a taken name", wrap: roleSaves(domain.CodeConflict), fails: "one name: one winner"},
		{what: "lets the last write win", wrap: roleSaves(domain.CodeConflict), fails: "what others changed meanwhile"},
		{what: "passes over unknown scopes", wrap: roleSaves(domain.CodeUnknownScope), fails: "an unknown scope is CodeUnknownScope"},
		{what: "has lost built-in scopes", sql: "DELETE FROM role_scopes", fails: "the built-in role admin"},
		breaksDown("what is not there is KindNotFound"),
	}},
}
