package tokens

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ inbound.SigningKeys = (*KeyMaker)(nil)

// Keys gives a page of the ring.
func (k *KeyMaker) Keys(ctx context.Context, caller inbound.Caller, page domain.Page) (domain.Listing[inbound.SigningKey], error) {
	if !caller.Can(scope.AdminSystem) {
		return domain.Listing[inbound.SigningKey]{}, inbound.InsufficientScope(scope.AdminSystem)
	}
	all, err := k.KeysAsOperator(ctx)
	if err != nil {
		return domain.Listing[inbound.SigningKey]{}, err
	}
	if page.After != "" {
		at := slices.IndexFunc(all, func(key inbound.SigningKey) bool { return key.ID == page.After })
		if at < 0 {
			return domain.Listing[inbound.SigningKey]{}, domain.InvalidCursor()
		}
		all = all[at+1:]
	}
	return domain.PageOf(all, page.Limit, func(key inbound.SigningKey) string { return key.ID }), nil
}

// KeysAsOperator gives the ring, oldest first, to who holds the command line.
func (k *KeyMaker) KeysAsOperator(ctx context.Context) ([]inbound.SigningKey, error) {
	stored, err := k.ring.directory.Keys(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]inbound.SigningKey, len(stored))
	for i, key := range stored {
		all[i] = shown(key)
	}
	return all, nil
}

func shown(key *token.SigningKey) inbound.SigningKey {
	s := key.Snapshot()
	return inbound.SigningKey{
		ID: s.ID, Algorithm: s.Algorithm, State: s.State,
		CreatedAt: s.CreatedAt, ActivatedAt: s.ActivatedAt, RetiredAt: s.RetiredAt, ExpiresAt: s.ExpiresAt,
	}
}

// Rotate rotates the ring on behalf of a caller.
func (k *KeyMaker) Rotate(ctx context.Context, caller inbound.Caller) (inbound.SigningKey, error) {
	if !caller.Can(scope.AdminSystem) {
		return inbound.SigningKey{}, inbound.InsufficientScope(scope.AdminSystem)
	}
	return k.rotate(ctx, caller.Party(), always)
}

// RotateAsOperator rotates the ring on behalf of who holds the command line.
func (k *KeyMaker) RotateAsOperator(ctx context.Context) (inbound.SigningKey, error) {
	return k.rotate(ctx, domain.System, always)
}

// RotateIfDue rotates the ring when its active key has signed for as long as
// the policy says. Of instances that find it due at once, one rotates.
func (k *KeyMaker) RotateIfDue(ctx context.Context) error {
	due := func(active token.KeySnapshot) bool {
		every := k.policy.Current().KeyRotation
		return every > 0 && !k.clock.Now().Before(active.ActivatedAt.Add(every))
	}
	// The ring in memory tells most of the time, and for nothing.
	active, _, err := k.pair(k.ring.view.Load().stored)
	if err != nil || !due(active.Snapshot()) {
		return err
	}
	_, err = k.rotate(ctx, domain.System, due)
	return err
}

func always(token.KeySnapshot) bool { return true }

// rotate lets the next key sign, retires the active one and makes a new next,
// if that is due still when nobody else can rotate. It gives the active key.
func (k *KeyMaker) rotate(ctx context.Context, actor domain.Party, due func(token.KeySnapshot) bool) (inbound.SigningKey, error) {
	if err := k.Ensure(ctx); err != nil {
		return inbound.SigningKey{}, err
	}
	policy := k.policy.Current()
	fresh, sealed, err := k.make(policy.Algorithm)
	if err != nil {
		return inbound.SigningKey{}, err
	}
	var signs inbound.SigningKey
	err = k.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		stored, err := repos.Keys.Lock(ctx)
		if err != nil {
			return err
		}
		active, next, err := k.pair(stored)
		if err != nil {
			return err
		}
		if signs = shown(active); !due(active.Snapshot()) {
			return nil // another instance was first
		}
		now := k.clock.Now()
		active.Retire(now, policy.lastExpiry(now))
		next.Activate(now)
		for _, key := range []*token.SigningKey{active, next} {
			if err := repos.Keys.Save(ctx, key); err != nil {
				return err
			}
		}
		if err := repos.Keys.Add(ctx, token.NewSigningKey(fresh.ID, policy.Algorithm, sealed, fresh.PublicJWK, now)); err != nil {
			return err
		}
		signs = shown(next)
		rotated := domain.Event{
			Type: domain.EventSigningKeysRotated, Outcome: domain.Succeeded, Actor: actor, OccurredAt: now,
			Subject: domain.Party{Kind: domain.PartyKey, ID: signs.ID, Name: string(signs.Algorithm)},
		}
		if err := repos.Events.Append(ctx, rotated); err != nil {
			return err
		}
		return repos.Signals.Append(ctx, token.Signal{Kind: token.SignalKeysChanged, ID: signs.ID, ExpiresAt: now.Add(time.Hour)})
	})
	return signs, err
}

// pair gives the active and the next key of the configured algorithm.
func (k *KeyMaker) pair(stored []*token.SigningKey) (active, next *token.SigningKey, err error) {
	for _, key := range stored {
		switch s := key.Snapshot(); {
		case s.Algorithm != k.policy.Current().Algorithm:
		case s.State == token.KeyActive:
			active = key
		case s.State == token.KeyNext:
			next = key
		}
	}
	if active == nil || next == nil {
		// Instances with different algorithms, during a roll-out, take turns at it.
		return nil, nil, domain.Unavailable(errors.New("the ring lacks an active or a next key of this instance's algorithm"), time.Second)
	}
	return active, next, nil
}

// Reseal seals every trusted key with the current master key, so that the
// previous one can be forgotten, and tells how many.
func (k *KeyMaker) Reseal(ctx context.Context) (int, error) {
	resealed := 0
	err := k.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		resealed = 0
		stored, err := repos.Keys.Lock(ctx)
		if err != nil {
			return err
		}
		now := k.clock.Now()
		for _, key := range stored {
			if !key.Trusted(now) {
				continue // its master key may be long gone
			}
			private, err := k.master.Open(sealPurpose, key.Snapshot().Sealed)
			if err != nil {
				return err
			}
			sealed, err := k.master.Seal(sealPurpose, private)
			if err != nil {
				return err
			}
			key.Reseal(sealed, now)
			if err := repos.Keys.Save(ctx, key); err != nil {
				return err
			}
			resealed++
		}
		return nil
	})
	return resealed, err
}
