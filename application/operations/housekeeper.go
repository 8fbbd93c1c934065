package operations

import (
	"context"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/ports/outbound"
)

// tick is how often the housekeeper looks what is due.
const tick = time.Second

// dutyLimit bounds a duty: a store that froze must not hold up the others for
// as long as its connection seems to live. What is left is for the next time.
const dutyLimit = 30 * time.Second

// Duty is something to be done now and then, by whichever instance comes
// first: two at once do no harm.
type Duty struct {
	Name  string
	Every time.Duration
	Do    func(ctx context.Context) error
}

// Housekeeper does its duties until it is stopped. One that fails is done
// again when it is due again.
type Housekeeper struct {
	clock  outbound.Clock
	failed func(duty string, err error)
	duties []Duty

	stop context.CancelFunc
	done sync.WaitGroup
}

// NewHousekeeper makes a housekeeper that Start brings to life; failed is told
// of what went wrong.
func NewHousekeeper(clock outbound.Clock, failed func(duty string, err error), duties []Duty) *Housekeeper {
	return &Housekeeper{clock: clock, failed: failed, duties: duties}
}

// Start begins, with each duty after its first interval.
func (h *Housekeeper) Start(ctx context.Context) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	h.done.Go(func() { h.run(running) })
}

// Stop ends what is under way, and waits for it.
func (h *Housekeeper) Stop() {
	if h.stop != nil {
		h.stop()
		h.done.Wait()
	}
}

func (h *Housekeeper) run(ctx context.Context) {
	last := make([]time.Time, len(h.duties))
	for i := range last {
		last[i] = h.clock.Now()
	}
	for h.clock.Sleep(ctx, tick) == nil {
		for i, duty := range h.duties {
			if h.clock.Now().Sub(last[i]) < duty.Every {
				continue
			}
			if err := bounded(ctx, duty); err != nil && ctx.Err() == nil {
				h.failed(duty.Name, err)
			}
			last[i] = h.clock.Now()
		}
	}
}

func bounded(ctx context.Context, duty Duty) error {
	ctx, done := context.WithTimeout(ctx, dutyLimit)
	defer done()
	return duty.Do(ctx)
}

const (
	sweepEvery = time.Minute
	sweepBatch = 1000
	// maxBatches bounds a sweep; what is left is for the next.
	maxBatches = 100
	// keptFor is how long what is over can still be looked at.
	keptFor = 7 * 24 * time.Hour
	// toldFor is how long a ticket that expired is told from one that never was:
	// longer than any device waits between two requests (RFC 8628, section 3.5).
	toldFor = 10 * time.Minute
)

// Sweeps are the duties that delete what nobody needs any more. Events are the
// Sealer's to delete.
func Sweeps(clock outbound.Clock, store outbound.Housekeeping) []Duty {
	duty := func(name string, kept time.Duration, sweep func(context.Context, time.Time, int) (int, error)) Duty {
		return Duty{Name: name, Every: sweepEvery, Do: func(ctx context.Context) error {
			before := clock.Now().Add(-kept)
			for range maxBatches {
				swept, err := sweep(ctx, before, sweepBatch)
				if err != nil || swept < sweepBatch {
					return err
				}
			}
			return nil
		}}
	}
	return []Duty{
		duty("sessions", keptFor, store.Sessions),
		duty("pending registrations", 0, store.PendingRegistrations),
		duty("lockouts", keptFor, store.Lockouts),
		duty("tickets", toldFor, store.Tickets),
		duty("signing keys", keptFor, store.SigningKeys),
	}
}
