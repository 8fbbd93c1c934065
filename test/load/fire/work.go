package fire

import (
	"context"
	"sync"
	"time"
)

// Work does something in this process, n times at once, as often as it can: the
// parts of a server without a server.
func Work(ctx context.Context, n int, lasting time.Duration, do func(context.Context) error) Volley {
	began := time.Now()
	end := began.Add(lasting)
	done := make([]shots, n)
	var all sync.WaitGroup
	for i := range done {
		s := &done[i]
		s.latency = newHistogram()
		all.Go(func() {
			for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
				err := do(ctx)
				after := time.Now()
				s.count(err, now, after, end)
				now = after
			}
		})
	}
	all.Wait()
	return total(ctx, began, end, done)
}
