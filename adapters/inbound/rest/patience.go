package rest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

// patience is the context of a request. It ends with the connection, and after
// its limit, which begins with the first who waits for anything: most requests
// are answered from memory, and a timer costs more than some of them.
type patience struct {
	context.Context               // of the connection
	exchange        *exchange     // what the request's own code finds by exchangeKey, and its origin
	limit           time.Duration // zero for what streams: as long as its reader takes

	start sync.Once
	timed atomic.Pointer[timed]
}

type timed struct {
	context.Context
	cancel context.CancelFunc
}

func (p *patience) begun() *timed {
	p.start.Do(func() {
		if p.limit == 0 {
			p.timed.Store(&timed{p.Context, func() {}})
			return
		}
		ctx, cancel := context.WithTimeout(p.Context, p.limit)
		p.timed.Store(&timed{ctx, cancel})
	})
	return p.timed.Load()
}

// Deadline begins the limit.
func (p *patience) Deadline() (time.Time, bool) { return p.begun().Deadline() }

// Done begins the limit.
func (p *patience) Done() <-chan struct{} { return p.begun().Done() }

// Err tells why the context has ended, if it has.
func (p *patience) Err() error {
	if t := p.timed.Load(); t != nil {
		return t.Err()
	}
	return p.Context.Err()
}

// Value asks the context with the timer where there is one, so that those
// derived from it find what they are to end with.
func (p *patience) Value(key any) any {
	switch key.(type) {
	case exchangeKey:
		return p.exchange
	case domain.OriginKey:
		return &p.exchange.origin
	}
	if t := p.timed.Load(); t != nil {
		return t.Value(key)
	}
	return p.Context.Value(key)
}

// end stops the timer and ends whatever waits still.
func (p *patience) end() {
	if t := p.timed.Load(); t != nil {
		t.cancel()
	}
}
