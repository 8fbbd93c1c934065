package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// operation is one kind of call to the store: defer o.took(o.clock.Now()).
type operation struct {
	clock    outbound.Clock
	duration prometheus.Observer
}

func (m *Metrics) operation(name string) operation {
	return operation{m.clock, m.queries.WithLabelValues(name)}
}

func (o operation) took(began time.Time) { o.duration.Observe(seconds(o.clock.Now().Sub(began))) }

// UnitOfWork times whole units of work.
func (m *Metrics) UnitOfWork(inner outbound.UnitOfWork) outbound.UnitOfWork {
	return &unitOfWork{inner, m.operation("unit_of_work")}
}

type unitOfWork struct {
	inner outbound.UnitOfWork
	do    operation
}

func (u *unitOfWork) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	defer u.do.took(u.do.clock.Now())
	return u.inner.Do(ctx, work)
}

// UserDirectory times lookups of users.
func (m *Metrics) UserDirectory(inner outbound.UserDirectory) outbound.UserDirectory {
	return &userDirectory{inner, m.operation("users.by_login"), m.operation("users.by_id"), m.operation("users.pending")}
}

type userDirectory struct {
	inner                  outbound.UserDirectory
	byLogin, byID, pending operation
}

func (d *userDirectory) ByLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	defer d.byLogin.took(d.byLogin.clock.Now())
	return d.inner.ByLogin(ctx, folded, isEmail)
}

func (d *userDirectory) ByID(ctx context.Context, id domain.ID) (*user.User, error) {
	defer d.byID.took(d.byID.clock.Now())
	return d.inner.ByID(ctx, id)
}

func (d *userDirectory) Pending(ctx context.Context, folded string, isEmail bool, now time.Time) (user.PendingRegistration, error) {
	defer d.pending.took(d.pending.clock.Now())
	return d.inner.Pending(ctx, folded, isEmail, now)
}

// ClientDirectory times lookups of clients.
func (m *Metrics) ClientDirectory(inner outbound.ClientDirectory) outbound.ClientDirectory {
	return &clientDirectory{inner, m.operation("clients.by_client_id")}
}

type clientDirectory struct {
	inner      outbound.ClientDirectory
	byClientID operation
}

func (d *clientDirectory) ByClientID(ctx context.Context, clientID string) (*client.ServiceClient, error) {
	defer d.byClientID.took(d.byClientID.clock.Now())
	return d.inner.ByClientID(ctx, clientID)
}

// Principals times lookups of what access decisions are made from.
func (m *Metrics) Principals(inner outbound.Principals) outbound.Principals {
	return &principals{inner, m.operation("principals.user")}
}

type principals struct {
	inner outbound.Principals
	user  operation
}

func (p *principals) User(ctx context.Context, id domain.ID) (token.Principal, error) {
	defer p.user.took(p.user.clock.Now())
	return p.inner.User(ctx, id)
}

// RefreshSpender times the spending of refresh tokens.
func (m *Metrics) RefreshSpender(inner outbound.RefreshSpender) outbound.RefreshSpender {
	return &refreshSpender{inner, m.operation("refresh_tokens.spend")}
}

type refreshSpender struct {
	inner outbound.RefreshSpender
	spend operation
}

func (s *refreshSpender) Spend(ctx context.Context, spending outbound.Spending) (outbound.Spent, error) {
	defer s.spend.took(s.spend.clock.Now())
	return s.inner.Spend(ctx, spending)
}

// SessionOpener times the keeping of logins.
func (m *Metrics) SessionOpener(inner outbound.SessionOpener) outbound.SessionOpener {
	return &sessionOpener{inner, m.operation("sessions.open")}
}

type sessionOpener struct {
	inner outbound.SessionOpener
	open  operation
}

func (s *sessionOpener) Open(ctx context.Context, o outbound.Opening) error {
	defer s.open.took(s.open.clock.Now())
	return s.inner.Open(ctx, o)
}

// RefreshDirectory times lookups of refresh tokens.
func (m *Metrics) RefreshDirectory(inner outbound.RefreshDirectory) outbound.RefreshDirectory {
	return &refreshDirectory{inner, m.operation("refresh_tokens.by_digest")}
}

type refreshDirectory struct {
	inner    outbound.RefreshDirectory
	byDigest operation
}

func (d *refreshDirectory) ByDigest(ctx context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
	defer d.byDigest.took(d.byDigest.clock.Now())
	return d.inner.ByDigest(ctx, digest)
}

// KeyDirectory times reading the key ring.
func (m *Metrics) KeyDirectory(inner outbound.KeyDirectory) outbound.KeyDirectory {
	return &keyDirectory{inner, m.operation("signing_keys.all")}
}

type keyDirectory struct {
	inner outbound.KeyDirectory
	all   operation
}

func (d *keyDirectory) Keys(ctx context.Context) ([]*token.SigningKey, error) {
	defer d.all.took(d.all.clock.Now())
	return d.inner.Keys(ctx)
}

// Lockouts times the budgets of failed attempts outside of units of work.
func (m *Metrics) Lockouts(inner outbound.Lockouts) outbound.Lockouts {
	return &lockouts{inner, m.operation("lockouts.get"), m.operation("lockouts.swap"), m.operation("lockouts.begin")}
}

type lockouts struct {
	inner            outbound.Lockouts
	get, swap, begin operation
}

func (l *lockouts) Get(ctx context.Context, key string) (user.Lockout, error) {
	defer l.get.took(l.get.clock.Now())
	return l.inner.Get(ctx, key)
}

func (l *lockouts) Swap(ctx context.Context, next user.Lockout) (bool, error) {
	defer l.swap.took(l.swap.clock.Now())
	return l.inner.Swap(ctx, next)
}

func (l *lockouts) Begin(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
	defer l.begin.took(l.begin.clock.Now())
	return l.inner.Begin(ctx, next)
}
