package operations

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	// denialsKept bounds the records that one caller makes within a minute. A
	// token that lacks a scope may ask as often as api_user lets it; without a
	// bound each request of it would be a write.
	denialsKept = 20
	// deniedCallers bounds how many callers are counted apart, and how many
	// addresses of clients that did not prove themselves; those beyond count as one.
	deniedCallers = 10_000

	denialsSettled = time.Minute
)

// Denials writes refusals to the audit trail as they happen. It counts in
// memory, so each instance has its own bound.
type Denials struct {
	clock outbound.Clock
	work  outbound.UnitOfWork

	mu    sync.Mutex
	shown tally // what callers were refused
	sites tally // clients that did not prove themselves, apart: any number may come, and must shut no caller out
}

// tally counts the events of a type within this minute.
type tally struct {
	event domain.EventType
	of    map[domain.Party]int
}

var _ inbound.Denials = (*Denials)(nil)

// NewDenials writes to the given store.
func NewDenials(clock outbound.Clock, work outbound.UnitOfWork) *Denials {
	return &Denials{
		clock: clock, work: work,
		shown: tally{domain.EventAccessDenied, map[domain.Party]int{}}, sites: tally{domain.EventClientRefused, map[domain.Party]int{}},
	}
}

// Denied implements the port.
func (d *Denials) Denied(ctx context.Context, denial inbound.Denial) error {
	actor := denial.Caller.Party()
	if !d.count(d.shown, actor) {
		return nil
	}
	return d.append(ctx, domain.Event{
		Type: domain.EventAccessDenied, Outcome: domain.Failed, Reason: string(denial.Code) + ": " + denial.Tried,
		Actor: actor, Subject: denial.Subject, OccurredAt: d.clock.Now(),
	})
}

// ClientRefused keeps that a client did not prove itself; of those from one
// address, or network of IPv6, only so many a minute. The client is the zero
// Party where there is none of that id: what the request called it is not kept,
// it may be a secret in the wrong place.
func (d *Denials) ClientRefused(ctx context.Context, refused domain.Party) error {
	actor := domain.Party{Kind: domain.PartyUnknown, ID: domain.OriginFrom(ctx).Site()}
	if !d.count(d.sites, actor) {
		return nil
	}
	if refused == (domain.Party{}) {
		refused.Kind = domain.PartyUnknown
	}
	return d.append(ctx, domain.Event{
		Type: domain.EventClientRefused, Outcome: domain.Failed, Reason: string(domain.CodeInvalidClient),
		Actor: actor, Subject: refused, OccurredAt: d.clock.Now(),
	})
}

// count tells whether this one is to be kept.
func (d *Denials) count(in tally, actor domain.Party) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := in.of[actor]; !known && len(in.of) >= deniedCallers {
		actor = domain.Party{Kind: domain.PartyUnknown}
	}
	in.of[actor]++
	return in.of[actor] <= denialsKept
}

// Duty tells once a minute how many more there were of each caller.
func (d *Denials) Duty() Duty {
	return Duty{Name: "denials", Every: denialsSettled, Do: d.settle}
}

func (d *Denials) settle(ctx context.Context) error {
	var events []domain.Event
	d.mu.Lock()
	for _, each := range []tally{d.shown, d.sites} {
		for actor, n := range each.of {
			if n > denialsKept {
				events = append(events, domain.Event{
					Type: each.event, Outcome: domain.Failed, Reason: fmt.Sprintf("repeated: %d more within a minute", n-denialsKept),
					Actor: actor, Subject: domain.System, OccurredAt: d.clock.Now(),
				})
			}
		}
		clear(each.of)
	}
	d.mu.Unlock()
	if len(events) == 0 {
		return nil
	}
	return d.append(ctx, events...)
}

func (d *Denials) append(ctx context.Context, events ...domain.Event) error {
	return d.work.Do(ctx, func(ctx context.Context, r outbound.Repositories) error { return r.Events.Append(ctx, events...) })
}
