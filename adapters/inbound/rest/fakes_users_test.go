package rest

import (
	"context"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// usersGiven is what the fakes for users answer, and what they were told.
type usersGiven struct {
	fail   error
	filter inbound.UserFilter
	page   domain.Page
	made   inbound.NewUser
	change inbound.UserChange
	secret []string // passwords, in the order of the parameters
	about  []string // ids and names
	wanted int64    // the version
}

var someone = user.Snapshot{
	ID: uuidOf(alice), Username: "alice", Email: "alice@example.com", FirstName: "Alice", PasswordHash: "never shown",
	IsActive: true, Roles: []role.Name{role.User}, PasswordChangedAt: noon, Version: 3, CreatedAt: noon, UpdatedAt: noon,
}

func (p *ports) account(call string) (inbound.Account, error) {
	p.called(call)
	return inbound.Account{User: someone, Scopes: scope.NewSet(scope.ReadProfile, scope.WriteProfile)}, p.users.fail
}

func (p *ports) did(call string, about ...string) error {
	p.called(call)
	p.users.about = append(p.users.about, about...)
	if slices.Contains(about, domain.NoID.String()) {
		return domain.NotFound("nothing has this id")
	}
	return p.users.fail
}

func (p *ports) listSessions(call string, page domain.Page) (domain.Listing[inbound.Session], error) {
	p.called(call)
	p.users.page = page
	return domain.Listing[inbound.Session]{Next: alice, Items: []inbound.Session{{
		SessionSnapshot: token.SessionSnapshot{
			ID: uuidOf(alice), UserID: uuidOf(alice), ClientID: "keystone", Address: "192.0.2.1", CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
		},
		LastUsedAt: noon.Add(time.Minute), Current: true,
	}}}, p.users.fail
}

type usersFake struct{ *ports }

var _ inbound.Users = usersFake{}

func (p usersFake) List(_ context.Context, _ inbound.Caller, filter inbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	p.called("list users")
	p.users.filter, p.users.page = filter, page
	return domain.Listing[user.Snapshot]{Items: []user.Snapshot{someone}, Next: alice}, p.users.fail
}
func (p usersFake) Get(_ context.Context, _ inbound.Caller, id domain.ID) (inbound.Account, error) {
	account, err := p.account("get user")
	if id == domain.NoID {
		return account, domain.NotFound("nothing has this id")
	}
	return account, err
}
func (p usersFake) Create(_ context.Context, _ inbound.Caller, n inbound.NewUser) (inbound.Account, error) {
	p.users.made = n
	p.users.secret = []string{n.Password.Reveal()}
	return p.account("create user")
}
func (p usersFake) Change(_ context.Context, _ inbound.Caller, _ domain.ID, change inbound.UserChange, version int64) (inbound.Account, error) {
	p.users.change, p.users.wanted = change, version
	return p.account("change user")
}
func (p usersFake) Delete(_ context.Context, _ inbound.Caller, id domain.ID, version int64) error {
	p.users.wanted = version
	return p.did("delete user", id.String())
}
func (p usersFake) Assign(_ context.Context, _ inbound.Caller, id domain.ID, name role.Name, version int64) error {
	p.users.wanted = version
	return p.did("assign", id.String(), string(name))
}
func (p usersFake) Withdraw(_ context.Context, _ inbound.Caller, id domain.ID, name role.Name, version int64) error {
	p.users.wanted = version
	return p.did("withdraw", id.String(), string(name))
}

type accessFake struct{ *ports }

var _ inbound.UserAccess = accessFake{}

func (p accessFake) SetPassword(_ context.Context, _ inbound.Caller, id domain.ID, password *domain.Secret, version int64) (domain.Secret, error) {
	p.users.wanted = version
	if err := p.did("set password", id.String()); err != nil || password != nil {
		if password != nil {
			p.users.secret = []string{password.Reveal()}
		}
		return domain.Secret{}, err
	}
	return domain.NewSecret("generated"), nil
}
func (p accessFake) Unlock(_ context.Context, _ inbound.Caller, id domain.ID, version int64) error {
	p.users.wanted = version
	return p.did("unlock", id.String())
}
func (p accessFake) Logout(_ context.Context, _ inbound.Caller, id domain.ID) error {
	return p.did("logout user", id.String())
}
func (p accessFake) Sessions(_ context.Context, _ inbound.Caller, _ domain.ID, page domain.Page) (domain.Listing[inbound.Session], error) {
	return p.listSessions("user sessions", page)
}
func (p accessFake) EndSessions(_ context.Context, _ inbound.Caller, id domain.ID) error {
	return p.did("end sessions", id.String())
}

type ownFake struct{ *ports }

var _ inbound.OwnAccess = ownFake{}

func (p ownFake) ChangePassword(_ context.Context, _ inbound.Caller, current, next domain.Secret) error {
	p.users.secret = []string{current.Reveal(), next.Reveal()}
	return p.did("change password")
}
func (p ownFake) DeleteAccount(_ context.Context, _ inbound.Caller, current domain.Secret, version int64) error {
	p.users.wanted = version
	p.users.secret = []string{current.Reveal()}
	return p.did("delete account")
}
func (p ownFake) Sessions(_ context.Context, _ inbound.Caller, page domain.Page) (domain.Listing[inbound.Session], error) {
	return p.listSessions("own sessions", page)
}
func (p ownFake) EndSession(_ context.Context, _ inbound.Caller, id domain.ID) error {
	return p.did("end session", id.String())
}
func (p ownFake) EndOthers(context.Context, inbound.Caller) error { return p.did("end others") }
