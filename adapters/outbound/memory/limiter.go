package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	// slots is into how many parts a window is cut: attempts of one slot leave
	// the count together, the last of them on time.
	slots = 60

	// limitedKeys bounds the keys that are remembered. Beyond it the ones that
	// are used least are forgotten, and with them what they had counted.
	limitedKeys = 100_000
)

// Limiter is an outbound.RateLimiter for one process. Every limit is exact.
type Limiter struct {
	clock   outbound.Clock
	windows *otter.Cache[windowKey, *window]
}

var _ outbound.RateLimiter = (*Limiter)(nil)

type windowKey struct {
	limit domain.LimitName
	span  time.Duration
	key   string
}

// NewLimiter makes a limiter that has counted nothing yet.
func NewLimiter(clock outbound.Clock) *Limiter {
	return &Limiter{clock: clock, windows: otter.Must(&otter.Options[windowKey, *window]{
		MaximumSize: limitedKeys,
		ExpiryCalculator: otter.ExpiryAccessingFunc(func(e otter.Entry[windowKey, *window]) time.Duration {
			return e.Key.span + 2*slotOf(e.Key.span) // all that was counted has left by then
		}),
	})}
}

// Reserve admits one attempt or refuses it.
func (l *Limiter) Reserve(ctx context.Context, limit domain.Limit, key string) (outbound.Reservation, error) {
	if err := ctx.Err(); err != nil {
		return nil, domain.Unavailable(err, 0)
	}
	if limit.Off() {
		return unlimited{}, nil
	}
	w, _ := l.windows.ComputeIfAbsent(windowKey{limit.Name, limit.Window, key}, func() (*window, bool) { return &window{}, false })
	now := l.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if wait := w.wait(limit, now); wait > 0 {
		return nil, domain.RateLimited(limit, wait)
	}
	at := slotAt(now, limit.Window)
	w.add(at)
	return &reservation{window: w, slot: at}, nil
}

// Peek refuses where Reserve would.
func (l *Limiter) Peek(limit domain.Limit, key string) error {
	w, found := l.windows.GetIfPresent(windowKey{limit.Name, limit.Window, key})
	if !found || limit.Off() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if wait := w.wait(limit, l.clock.Now()); wait > 0 {
		return domain.RateLimited(limit, wait)
	}
	return nil
}

// slotOf is the length of a slot, in whole milliseconds.
func slotOf(span time.Duration) time.Duration {
	ms := (span.Milliseconds() + slots - 1) / slots
	return time.Duration(max(1, ms)) * time.Millisecond
}

func slotAt(now time.Time, span time.Duration) int64 {
	return now.UnixMilli() / slotOf(span).Milliseconds()
}

// window is what was counted under one key, by slots in ascending order.
type window struct {
	mu    sync.Mutex
	marks []mark
}

type mark struct {
	slot  int64
	count int
}

// wait forgets what has left and gives the time until there is room for one
// attempt: zero where there is.
func (w *window) wait(limit domain.Limit, now time.Time) time.Duration {
	at := slotAt(now, limit.Window)
	gone := 0
	for gone < len(w.marks) && w.marks[gone].slot < at-slots {
		gone++
	}
	w.marks = slices.Delete(w.marks, 0, gone)
	used := 0
	for _, m := range w.marks {
		used += m.count
	}
	if used < limit.Count {
		return 0
	}
	for _, m := range w.marks {
		if used -= m.count; used < limit.Count {
			leaves := time.UnixMilli((m.slot + slots + 1) * slotOf(limit.Window).Milliseconds())
			return leaves.Sub(now)
		}
	}
	return 0 // not reached: without any mark there is room
}

func (w *window) add(slot int64) {
	i := w.find(slot)
	if i == len(w.marks) || w.marks[i].slot != slot {
		w.marks = slices.Insert(w.marks, i, mark{slot: slot})
	}
	w.marks[i].count++
}

func (w *window) remove(slot int64) {
	i := w.find(slot)
	if i == len(w.marks) || w.marks[i].slot != slot {
		return // has left the window
	}
	if w.marks[i].count--; w.marks[i].count == 0 {
		w.marks = slices.Delete(w.marks, i, i+1)
	}
}

// find searches from the end, where nearly all happens.
func (w *window) find(slot int64) int {
	i := len(w.marks)
	for i > 0 && w.marks[i-1].slot >= slot {
		i--
	}
	return i
}

type reservation struct {
	window *window
	slot   int64
	back   bool
}

// GiveBack uncounts the attempt.
func (r *reservation) GiveBack(context.Context) error {
	r.window.mu.Lock()
	defer r.window.mu.Unlock()
	if !r.back {
		r.back = true
		r.window.remove(r.slot)
	}
	return nil
}

// unlimited is an attempt that nothing counts.
type unlimited struct{}

func (unlimited) GiveBack(context.Context) error { return nil }
