package contract_test

import (
	"context"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// ofItself is why a clause is spared that holds the suite's own example to have
// every field set, whatever the store does.
const ofItself = "it is about what the suite stores, not about the store"

// commits is a store that keeps what a unit of work did that failed.
func commits(fails string) fault {
	return fault{what: "commits what failed", fails: fails, wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, w work) error {
		return inner.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
			if err := w(ctx, r); err != nil {
				return domain.Refuse(err)
			}
			return nil
		})
	})}
}

// breaksDown is a store whose units of work take what is not there for a breakdown.
func breaksDown(fails string) fault {
	return fault{what: "takes absence for a breakdown", fails: fails, wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, w work) error {
		err := inner.Do(ctx, w)
		if domain.HasCode(err, domain.CodeNotFound) {
			return domain.Internal(err)
		}
		return err
	})}
}

// swallows is a store whose units of work succeed in spite of these codes.
func swallows(fails string, codes ...domain.Code) fault {
	return fault{what: "swallows what it refuses", fails: fails, wrap: units(func(inner outbound.UnitOfWork, ctx context.Context, w work) error {
		err := inner.Do(ctx, w)
		for _, code := range codes {
			err = except(err, code)
		}
		return err
	})}
}

type demandingSignals struct{ outbound.Signals }

func (d demandingSignals) Append(ctx context.Context, signals ...token.Signal) error {
	if len(signals) == 0 {
		return domain.Internal(errNotAlone)
	}
	return d.Signals.Append(ctx, signals...)
}

type demandingEvents struct{ outbound.Events }

func (d demandingEvents) Append(ctx context.Context, events ...domain.Event) error {
	if len(events) == 0 {
		return domain.Internal(errNotAlone)
	}
	return d.Events.Append(ctx, events...)
}

// carelessVault replaces what is not there.
type carelessVault struct{ outbound.Vault }

func (v carelessVault) Replace(ctx context.Context, name string, sealed []byte) error {
	return except(v.Vault.Replace(ctx, name, sealed), domain.CodeNotFound)
}

// backwards lists clients by falling ids.
type backwards struct{ outbound.ClientUsage }

func (u backwards) List(ctx context.Context, page domain.Page) (domain.Listing[outbound.ClientUse], error) {
	found, err := u.ClientUsage.List(ctx, page)
	slices.Reverse(found.Items)
	return found, err
}

type deafUsage struct{ outbound.ClientUsage }

func (u deafUsage) Record(ctx context.Context, used map[string]time.Time) error {
	return u.ClientUsage.Record(context.WithoutCancel(ctx), used)
}

// deafHousekeeping sweeps when nobody waits.
type deafHousekeeping struct{ outbound.Housekeeping }

func (h deafHousekeeping) Sessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return h.Housekeeping.Sessions(context.WithoutCancel(ctx), before, limit)
}

// unversioned settings are of no version until one is set.
type unversioned struct{ outbound.SettingsDirectory }

func (u unversioned) Settings(ctx context.Context) (*domain.Settings, error) {
	found, err := u.SettingsDirectory.Settings(ctx)
	if err != nil || found.Snapshot().Version > 1 {
		return found, err
	}
	return domain.RehydrateSettings(domain.SettingsSnapshot{}), nil
}

type deafSettings struct{ outbound.SettingsDirectory }

func (s deafSettings) Settings(ctx context.Context) (*domain.Settings, error) {
	return s.SettingsDirectory.Settings(context.WithoutCancel(ctx))
}

// wrongSeals does not hear of an end, and changes what it reads.
type wrongSeals struct {
	outbound.AuditSeals
	change func([]domain.StoredRecord)
}

func (s wrongSeals) Newest(ctx context.Context) (domain.Seal, int64, error) {
	return s.AuditSeals.Newest(context.WithoutCancel(ctx))
}

func (s wrongSeals) Records(ctx context.Context, after, upTo int64, limit int) ([]domain.StoredRecord, error) {
	found, err := s.AuditSeals.Records(ctx, after, upTo, limit)
	s.change(found)
	return found, err
}

func sealing(change func([]domain.StoredRecord)) func(*contract.Store) {
	return func(s *contract.Store) { s.Seals = wrongSeals{s.Seals, change} }
}

// wrongLockouts is right, unless told otherwise.
type wrongLockouts struct {
	outbound.Lockouts
	get   func(ctx context.Context, key string) (user.Lockout, error)
	swap  func(ctx context.Context, next user.Lockout) (bool, error)
	begin func(ctx context.Context, next user.Lockout) (user.Lockout, bool, error)
}

func (l *wrongLockouts) Get(ctx context.Context, key string) (user.Lockout, error) {
	if l.get != nil {
		return l.get(ctx, key)
	}
	return l.Lockouts.Get(ctx, key)
}

func (l *wrongLockouts) Swap(ctx context.Context, next user.Lockout) (bool, error) {
	if l.swap != nil {
		return l.swap(ctx, next)
	}
	return l.Lockouts.Swap(ctx, next)
}

func (l *wrongLockouts) Begin(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
	if l.begin != nil {
		return l.begin(ctx, next)
	}
	return l.Lockouts.Begin(ctx, next)
}

// beginning begins what a right one does not, where that may be.
func beginning(may func(user.LockoutSnapshot) bool) func(*contract.Store) {
	return lockouts(func(l *wrongLockouts) {
		l.begin = func(ctx context.Context, next user.Lockout) (user.Lockout, bool, error) {
			begun, stored, err := l.Lockouts.Begin(ctx, next)
			if err != nil || stored {
				return begun, stored, err
			}
			current, err := l.Lockouts.Get(ctx, next.Snapshot().Key)
			if err != nil || !may(current.Snapshot()) {
				return user.Lockout{}, false, err
			}
			over := next.Snapshot()
			over.Version = current.Snapshot().Version
			begun = user.RehydrateLockout(over)
			stored, err = l.Lockouts.Swap(ctx, begun)
			return begun, stored, err
		}
	})
}

// lockouts are wrong outside of units of work and inside.
func lockouts(change func(*wrongLockouts)) func(*contract.Store) {
	wrong := func(right outbound.Lockouts) outbound.Lockouts {
		l := &wrongLockouts{Lockouts: right}
		change(l)
		return l
	}
	return func(s *contract.Store) {
		s.Lockouts = wrong(s.Lockouts)
		inUnits(func(r *outbound.Repositories) { r.Lockouts = wrong(r.Lockouts) })(s)
	}
}
