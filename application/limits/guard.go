package limits

import (
	"context"
	"encoding/hex"
	"hash/maphash"
	"sync/atomic"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// keyPurpose keeps the keys of limits apart from all else that is derived.
const keyPurpose = "rate-limit-key"

// keySize is how much of a hash names a key, in bytes: collisions are out of
// anyone's reach, and a store holds many keys.
const keySize = 16

// Guard counts against the limits in force.
type Guard struct {
	inForce func(domain.LimitName) domain.Limit
	limiter outbound.RateLimiter
	master  outbound.MasterKey
	turns   *turns
	sites   [64]atomic.Pointer[siteKey] // the latest, by their hash
	seed    maphash.Seed
}

// siteKey is the key of an address. Most requests come from few, and working it
// out costs more than all else that is done about a limit that is far off.
type siteKey struct{ address, key string }

// NewGuard makes a guard. inForce is asked each time: limits change at run time.
func NewGuard(inForce func(domain.LimitName) domain.Limit, limiter outbound.RateLimiter, master outbound.MasterKey) *Guard {
	return &Guard{inForce: inForce, limiter: limiter, master: master, turns: newTurns(), seed: maphash.MakeSeed()}
}

// Count counts one attempt under an id of ours. Too many: CodeRateLimited.
func (g *Guard) Count(ctx context.Context, name domain.LimitName, id string) error {
	limit := g.inForce(name)
	if limit.Off() {
		return nil
	}
	_, err := g.limiter.Reserve(ctx, limit, id)
	return err
}

// CountHidden is Count for what must not be read in a store: an address, a name,
// a number.
func (g *Guard) CountHidden(ctx context.Context, name domain.LimitName, what string) error {
	_, err := g.reserve(ctx, name, what)
	return err
}

// reserveInTurn is reserve for what is mostly given back. No more than half the
// limit is in flight from here at once, so that attempts that will succeed leave
// room for each other, on another instance too. settle says how it ended.
func (g *Guard) reserveInTurn(ctx context.Context, name domain.LimitName, what string) (settle func(failed bool), err error) {
	limit := g.inForce(name)
	if limit.Off() {
		return func(bool) {}, nil
	}
	leave, err := g.turns.take(ctx, string(name)+":"+what, (limit.Count+1)/2)
	if err != nil {
		return nil, err
	}
	giveBack, err := g.reserve(ctx, name, what)
	if err != nil {
		leave()
		return nil, err
	}
	return func(failed bool) {
		if !failed {
			giveBack()
		}
		leave()
	}, nil
}

// reserve counts one attempt until it is given back. A failure to give back
// leaves it counted, which is the safe side.
func (g *Guard) reserve(ctx context.Context, name domain.LimitName, what string) (giveBack func(), err error) {
	limit := g.inForce(name)
	if limit.Off() {
		return func() {}, nil
	}
	key, err := g.hide(what)
	if err != nil {
		return nil, err
	}
	reservation, err := g.limiter.Reserve(ctx, limit, key)
	if err != nil {
		return nil, err
	}
	return func() { _ = reservation.GiveBack(context.WithoutCancel(ctx)) }, nil
}

// failures lets run through unless the origin is known to have failed too often,
// and counts where it reports a failure. What fails beyond the limit is answered
// as limited and tells nothing else.
func failures[T any](ctx context.Context, g *Guard, name domain.LimitName, run func() (answer T, failed bool, err error)) (T, error) {
	var nothing T
	limit := g.inForce(name)
	if limit.Off() {
		answer, _, err := run()
		return answer, err
	}
	key, err := g.siteKey(ctx)
	if err != nil {
		return nothing, err
	}
	if err := g.limiter.Peek(limit, key); err != nil {
		return nothing, err
	}
	answer, failed, err := run()
	if failed {
		if _, err := g.limiter.Reserve(ctx, limit, key); err != nil {
			return nothing, err
		}
	}
	return answer, err
}

func (g *Guard) hide(what string) (string, error) {
	sum, err := g.master.Derive(g.master.ID(), keyPurpose, []byte(what))
	return hex.EncodeToString(sum[:keySize]), err
}

// siteKey is the hidden key of where the request came from.
func (g *Guard) siteKey(ctx context.Context) (string, error) {
	address := domain.OriginFrom(ctx).Address
	place := &g.sites[maphash.String(g.seed, address)%uint64(len(g.sites))]
	if known := place.Load(); known != nil && known.address == address {
		return known.key, nil
	}
	key, err := g.hide(site(ctx))
	if err == nil {
		place.Store(&siteKey{address: address, key: key})
	}
	return key, err
}

// site gives where the request came from. Requests without an address share one
// budget.
func site(ctx context.Context) string { return domain.OriginFrom(ctx).Site() }
