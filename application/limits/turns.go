package limits

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// maxWaiting bounds the attempts that wait for their turn, under all keys.
const maxWaiting = 1000

// turns lets only so many attempts under one key be in flight at once and keeps
// the others of this process waiting, in order. A reservation that will be given
// back counts while it lasts: without turns, people who log in at the same moment
// behind one address would use up each other's failures.
type turns struct {
	mu      sync.Mutex
	keys    map[string]*line
	waiting int
}

type line struct {
	inside int
	next   []chan struct{} // closed as their turn comes
}

func newTurns() *turns { return &turns{keys: map[string]*line{}} }

// take waits for a turn and gives the way out of it. Too many waiting:
// KindUnavailable with CodeBusy.
func (t *turns) take(ctx context.Context, key string, most int) (leave func(), err error) {
	t.mu.Lock()
	l := t.keys[key]
	if l == nil {
		l = &line{}
		t.keys[key] = l
	}
	leave = func() { t.leave(key, l) }
	if l.inside < most {
		l.inside++
		t.mu.Unlock()
		return leave, nil
	}
	if t.waiting >= maxWaiting {
		t.mu.Unlock()
		busy := domain.E(domain.KindUnavailable, domain.CodeBusy, "too many attempts are waiting")
		busy.RetryAfter = time.Second
		return nil, busy
	}
	mine := make(chan struct{})
	l.next = append(l.next, mine)
	t.waiting++
	t.mu.Unlock()
	select {
	case <-mine:
		return leave, nil
	case <-ctx.Done():
		t.giveUp(l, mine, leave)
		return nil, domain.Unavailable(ctx.Err(), time.Second)
	}
}

// giveUp leaves the line, or passes on the turn that came at the same moment.
func (t *turns) giveUp(l *line, mine chan struct{}, leave func()) {
	t.mu.Lock()
	i := slices.Index(l.next, mine)
	if i >= 0 {
		l.next = slices.Delete(l.next, i, i+1)
		t.waiting--
	}
	t.mu.Unlock()
	if i < 0 {
		leave()
	}
}

// leave hands the turn to who waits longest.
func (t *turns) leave(key string, l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(l.next) > 0 {
		close(l.next[0])
		l.next = l.next[1:]
		t.waiting--
		return
	}
	if l.inside--; l.inside == 0 {
		delete(t.keys, key)
	}
}
