package tokens

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	tailEvery   = 500 * time.Millisecond
	pruneEvery  = time.Minute
	leastPause  = 50 * time.Millisecond
	reloadEvery = 30 * time.Second // signing keys, in case a signal was lost to a bug
	silence     = time.Second      // a tail silent this long: the state is unknown
	pollLimit   = silence          // an answer that takes longer is no sign of life
	firstLimit  = 10 * time.Second // the first poll brings all there is
	storeLimit  = 2 * time.Second  // of any other call to the store
	pruneBatch  = 1000
	pruneRounds = 20               // batches at a time, at most
	seenFor     = 10 * time.Second // longer than a signal keeps coming: the look-back and two polls
)

// Feed brings signals to this instance, by the bus at once and by a tail of
// the store within half a second, and tells whether the tail is alive.
type Feed struct {
	clock      outbound.Clock
	log        outbound.SignalLog
	bus        outbound.SignalBus
	registry   *Registry
	principals *Principals
	ring       *KeyRing

	reactions map[token.SignalKind]func(context.Context)
	followers []func(token.Signal)

	tailAt atomic.Int64 // microseconds of the last sign of life
	// The tail's own: where it is, and what it saw lately.
	mark time.Time
	seen map[token.Signal]time.Time

	stop context.CancelFunc
	done sync.WaitGroup
}

// NewFeed makes a feed that Start brings to life.
func NewFeed(clock outbound.Clock, log outbound.SignalLog, bus outbound.SignalBus, registry *Registry, principals *Principals, ring *KeyRing) *Feed {
	return &Feed{clock: clock, log: log, bus: bus, registry: registry, principals: principals, ring: ring,
		reactions: map[token.SignalKind]func(context.Context){}, seen: map[token.Signal]time.Time{}}
}

// On has react called for every signal of a kind, and every half minute, in case
// one was lost to a bug. It is for before Start.
func (f *Feed) On(kind token.SignalKind, react func(context.Context)) { f.reactions[kind] = react }

// Follow has take called with every signal. It must be quick, and may see one
// several times. It is for before Start.
func (f *Feed) Follow(take func(token.Signal)) { f.followers = append(f.followers, take) }

// Start loads every unexpired revocation, then follows both feeds until Stop.
func (f *Feed) Start(ctx context.Context) error {
	if err := f.poll(ctx); err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	f.stop = stop
	f.done.Go(func() { f.followBus(running) })
	f.done.Go(func() { f.followLog(running) })
	return nil
}

// Stop ends both feeds and waits for them.
func (f *Feed) Stop() {
	if f.stop != nil {
		f.stop()
		f.done.Wait()
	}
}

// Known tells whether the revocation state can be trusted now: the tail was
// answered a question asked less than a second ago. The bus never vouches for
// it, as it may lose a signal, and a store that refuses this instance may go on
// taking revocations from the others.
func (f *Feed) Known() bool {
	return f.clock.Now().UnixMicro()-f.tailAt.Load() < silence.Microseconds()
}

// Apply takes signals in, on this instance.
func (f *Feed) Apply(ctx context.Context, signals ...token.Signal) {
	for _, s := range signals {
		f.registry.Apply(s)
		f.principals.apply(s)
		for _, take := range f.followers {
			take(s)
		}
		if s.Kind == token.SignalKeysChanged {
			// A failure leaves the ring as it is; followLog tries again.
			_ = bounded(ctx, storeLimit, f.ring.Reload)
		}
		if react := f.reactions[s.Kind]; react != nil {
			f.react(ctx, react)
		}
	}
}

func (f *Feed) react(ctx context.Context, react func(context.Context)) {
	_ = bounded(ctx, storeLimit, func(ctx context.Context) error { react(ctx); return nil })
}

// bounded runs one call to the store: a connection that died without a word
// must not stop a feed.
func bounded(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	ctx, done := context.WithTimeout(ctx, limit)
	defer done()
	return call(ctx)
}

func (f *Feed) followBus(ctx context.Context) {
	for ctx.Err() == nil {
		// Subscribe returns early where the bus is away; its decorator tells.
		_ = f.bus.Subscribe(ctx, func(signals []token.Signal) { f.Apply(ctx, signals...) })
		_ = f.clock.Sleep(ctx, tailEvery)
	}
}

func (f *Feed) followLog(ctx context.Context) {
	var prunedAt, reloadedAt = f.clock.Now(), f.clock.Now()
	for pause := tailEvery; f.clock.Sleep(ctx, pause) == nil; {
		began := f.clock.Now()
		err := f.poll(ctx)
		now := f.clock.Now()
		// What the poll took is not waited for again, or a slow store would look dead.
		pause = max(tailEvery-now.Sub(began), leastPause)
		if err != nil {
			continue // Known turns false by itself, and the log's decorator tells
		}
		if now.Sub(reloadedAt) >= reloadEvery {
			reloadedAt = now
			_ = bounded(ctx, storeLimit, f.ring.Reload) // keeps what it had
			for _, react := range f.reactions {
				f.react(ctx, react)
			}
		}
		if now.Sub(prunedAt) >= pruneEvery {
			prunedAt = now
			f.registry.Forget(now)
			f.prune(ctx, now)
		}
	}
}

// prune deletes what expired, in batches; what is left, or failed, is for the
// next minute.
func (f *Feed) prune(ctx context.Context, now time.Time) {
	for range pruneRounds {
		var pruned int
		err := bounded(ctx, storeLimit, func(ctx context.Context) (err error) {
			pruned, err = f.log.Prune(ctx, now, pruneBatch)
			return err
		})
		if err != nil || pruned < pruneBatch {
			return
		}
	}
}

// poll reads the log on from where it was: a pushed signal that was lost while
// the bus or the store was away is found here.
func (f *Feed) poll(ctx context.Context) error {
	now := f.clock.Now() // before it is asked: what is stored while it answers may be left out
	limit := pollLimit
	if f.mark.IsZero() {
		limit = firstLimit
	}
	var signals []token.Signal
	var next time.Time
	err := bounded(ctx, limit, func(ctx context.Context) (err error) {
		signals, next, err = f.log.Since(ctx, f.mark)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range signals {
		// The look-back brings each signal several times; once is enough.
		if _, known := f.seen[s]; !known {
			f.Apply(ctx, s)
		}
		f.seen[s] = now
	}
	for s, at := range f.seen {
		if now.Sub(at) > seenFor {
			delete(f.seen, s)
		}
	}
	f.mark = next
	f.tailAt.Store(now.UnixMicro())
	return nil
}
