package contract_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

var elsewhere = time.FixedZone("elsewhere", 5*3600)

const eventColumns = "(id, type, outcome, reason, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, address, user_agent, request_id, occurred_at)"

// spoilt gives a fault for each column that holds a text.
func spoilt(table, fails string, columns ...string) []fault {
	var faults []fault
	for _, column := range columns {
		faults = append(faults, fault{what: "spoils " + column, sql: spoils(table, column, "new."+column+" || 'x'"), fails: fails})
	}
	return faults
}

// emptied gives a fault for each column that may be empty.
func emptied(table, fails string, columns ...string) []fault {
	var faults []fault
	for _, column := range columns {
		faults = append(faults, fault{what: "empties " + column, sql: spoils(table, column, "NULL"), fails: fails})
	}
	return faults
}

type work = func(context.Context, outbound.Repositories) error

type unitFunc func(context.Context, work) error

func (f unitFunc) Do(ctx context.Context, w work) error { return f(ctx, w) }

func units(do func(inner outbound.UnitOfWork, ctx context.Context, w work) error) func(*contract.Store) {
	return func(s *contract.Store) {
		inner := s.UnitOfWork
		s.UnitOfWork = unitFunc(func(ctx context.Context, w work) error { return do(inner, ctx, w) })
	}
}

// except swallows an error of the code.
func except(err error, code domain.Code) error {
	if domain.HasCode(err, code) {
		return nil
	}
	return err
}

func internally(err error) error {
	if err == nil {
		return nil
	}
	return domain.Internal(err)
}

func foreign(err error) error {
	if err == nil {
		return nil
	}
	return errors.New("a driver's own words")
}

// directories is a user directory with methods replaced.
type directories struct {
	outbound.UserDirectory
	byID    func(context.Context, domain.ID) (*user.User, error)
	byLogin func(context.Context, string, bool) (*user.User, error)
	pending func(context.Context, string, bool, time.Time) (user.PendingRegistration, error)
}

func directory(change func(*directories)) func(*contract.Store) {
	return func(s *contract.Store) {
		d := &directories{UserDirectory: s.Users, byID: s.Users.ByID, byLogin: s.Users.ByLogin, pending: s.Users.Pending}
		change(d)
		s.Users = d
	}
}

func (d *directories) ByID(ctx context.Context, id domain.ID) (*user.User, error) {
	return d.byID(ctx, id)
}
func (d *directories) ByLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	return d.byLogin(ctx, folded, isEmail)
}
func (d *directories) Pending(ctx context.Context, folded string, isEmail bool, now time.Time) (user.PendingRegistration, error) {
	return d.pending(ctx, folded, isEmail, now)
}

// found changes what is found by id.
func found(change func(*user.Snapshot)) func(*contract.Store) {
	return directory(func(d *directories) {
		d.byID = func(ctx context.Context, id domain.ID) (*user.User, error) {
			u, err := d.UserDirectory.ByID(ctx, id)
			if err != nil {
				return nil, err
			}
			s := u.Snapshot()
			change(&s)
			return user.Rehydrate(s), nil
		}
	})
}

// keeping gives the same user to all who ask.
func keeping(s *contract.Store) {
	var kept sync.Map
	directory(func(d *directories) {
		d.byID = func(ctx context.Context, id domain.ID) (*user.User, error) {
			if u, is := kept.Load(id); is {
				return u.(*user.User), nil
			}
			u, err := d.UserDirectory.ByID(ctx, id)
			if err == nil {
				kept.Store(id, u)
			}
			return u, err
		}
	})(s)
}

// early shows users before their unit of work ends.
func early(s *contract.Store) {
	var added sync.Map
	inUnits(func(r *outbound.Repositories) { r.Users = users{Users: r.Users, added: &added} })(s)
	directory(func(d *directories) {
		d.byID = func(ctx context.Context, id domain.ID) (*user.User, error) {
			if u, is := added.Load(id); is {
				return u.(*user.User), nil
			}
			return d.UserDirectory.ByID(ctx, id)
		}
	})(s)
}

// users are the users of a unit of work, wrong in what is set.
type users struct {
	outbound.Users
	get        func(context.Context, domain.ID) (*user.User, error)
	added      *sync.Map
	superusers int
	swallows   domain.Code
}

func (u users) Get(ctx context.Context, id domain.ID) (*user.User, error) {
	if u.get != nil {
		return u.get(ctx, id)
	}
	return u.Users.Get(ctx, id)
}

func (u users) Add(ctx context.Context, a *user.User) error {
	if u.added != nil {
		u.added.Store(a.ID(), a)
	}
	return except(u.Users.Add(ctx, a), u.swallows)
}
func (u users) Save(ctx context.Context, a *user.User) error {
	return except(u.Users.Save(ctx, a), u.swallows)
}
func (u users) Delete(ctx context.Context, a *user.User) error {
	return except(u.Users.Delete(ctx, a), u.swallows)
}
func (u users) LockSuperusers(ctx context.Context) (int, error) {
	n, err := u.Users.LockSuperusers(ctx)
	if u.superusers > 0 {
		n = u.superusers
	}
	return n, err
}

func userSaves(swallowing domain.Code) func(*contract.Store) {
	return inUnits(func(r *outbound.Repositories) { r.Users = users{Users: r.Users, swallows: swallowing} })
}

type clientDirectory func(context.Context, string) (*client.ServiceClient, error)

func (f clientDirectory) ByClientID(ctx context.Context, id string) (*client.ServiceClient, error) {
	return f(ctx, id)
}

type clients struct {
	outbound.Clients
	swallows domain.Code
}

func (c clients) Add(ctx context.Context, a *client.ServiceClient) error {
	return except(c.Clients.Add(ctx, a), c.swallows)
}
func (c clients) Save(ctx context.Context, a *client.ServiceClient) error {
	return except(c.Clients.Save(ctx, a), c.swallows)
}

func clientSaves(swallowing domain.Code) func(*contract.Store) {
	return inUnits(func(r *outbound.Repositories) { r.Clients = clients{r.Clients, swallowing} })
}

type roles struct {
	outbound.Roles
	swallows domain.Code
}

func (c roles) Add(ctx context.Context, a *role.Role) error {
	return except(c.Roles.Add(ctx, a), c.swallows)
}
func (c roles) Save(ctx context.Context, a *role.Role) error {
	return except(c.Roles.Save(ctx, a), c.swallows)
}

func roleSaves(swallowing domain.Code) func(*contract.Store) {
	return inUnits(func(r *outbound.Repositories) { r.Roles = roles{r.Roles, swallowing} })
}

type principalsFunc func(context.Context, domain.ID) (token.Principal, error)

func (f principalsFunc) User(ctx context.Context, id domain.ID) (token.Principal, error) {
	return f(ctx, id)
}

func principals(change func(*token.Principal)) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.Principals
		s.Principals = principalsFunc(func(ctx context.Context, id domain.ID) (token.Principal, error) {
			p, err := next.User(ctx, id)
			if err == nil {
				change(&p)
			}
			return p, err
		})
	}
}

func remembering(s *contract.Store) {
	next, known := s.Principals, sync.Map{}
	s.Principals = principalsFunc(func(ctx context.Context, id domain.ID) (token.Principal, error) {
		if p, is := known.Load(id); is {
			return p.(token.Principal), nil
		}
		p, err := next.User(ctx, id)
		if err == nil {
			known.Store(id, p)
		}
		return p, err
	})
}
