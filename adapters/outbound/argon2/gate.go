package argon2

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/keystone-auth/keystone/domain"
)

// retryAfter is what callers are told who find the queue full.
const retryAfter = time.Second

// gate lets so much memory be used at once and so many callers wait for it.
type gate struct {
	memory   *semaphore.Weighted // in KiB
	capacity int64
	queue    int64
	waiting  atomic.Int64
}

func newGate(capacity int64, queue int) *gate {
	return &gate{memory: semaphore.NewWeighted(capacity), capacity: capacity, queue: int64(queue)}
}

// run calls work once its share of the memory is free. It fails with busy
// where the queue is full, or where ctx ends first.
func (g *gate) run(ctx context.Context, share int64, work func()) error {
	share = min(share, g.capacity)
	if err := g.enter(ctx, share); err != nil {
		return err
	}
	defer g.memory.Release(share)
	work()
	return nil
}

func (g *gate) enter(ctx context.Context, share int64) error {
	if err := ctx.Err(); err != nil {
		return busy("the request was given up").Because(err)
	}
	if g.memory.TryAcquire(share) { // fails while anyone is waiting, so nobody jumps the queue
		return nil
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return busy("too many passwords are being checked")
	}
	if err := g.memory.Acquire(ctx, share); err != nil {
		return busy("the request was given up while it waited for a password check").Because(err)
	}
	return nil
}

func busy(message string) *domain.Error {
	err := domain.E(domain.KindUnavailable, domain.CodeBusy, message)
	err.RetryAfter = retryAfter
	return err
}
