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

	mu        sync.Mutex
	callers   tally
	addresses tally // apart: there may be any number of them, and they must shut no caller out
}

// tally counts the denials of this minute.
type tally map[domain.Party]int

var _ inbound.Denials = (*Denials)(nil)

// NewDenials writes to the given store.
func NewDenials(clock outbound.Clock, work outbound.UnitOfWork) *Denials {
	return &Denials{clock: clock, work: work, callers: tally{}, addresses: tally{}}
}

// Denied implements the port.
func (d *Denials) Denied(ctx context.Context, denial inbound.Denial) error {
	actor := denial.Caller.Party()
	if !d.count(d.callers, actor) {
		return nil
	}
	return d.append(ctx, domain.Event{
		Type: domain.EventAccessDenied, Outcome: domain.Failed, Reason: string(denial.Code) + ": " + denial.Tried,
		Actor: actor, Subject: denial.Subject, OccurredAt: d.clock.Now(),
	})
}

// ClientRefused keeps that a client did not prove itself; of those from one
// address only so many a minute. The client is the zero Party where there is none
// of that id: what the request called it is not kept, it may be a secret in the
// wrong place.
func (d *Denials) ClientRefused(ctx context.Context, refused domain.Party) error {
	actor := domain.Party{Kind: domain.PartyUnknown, ID: domain.OriginFrom(ctx).Address}
	if !d.count(d.addresses, actor) {
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
func (d *Denials) count(of tally, actor domain.Party) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := of[actor]; !known && len(of) >= deniedCallers {
		actor = domain.Party{Kind: domain.PartyUnknown}
	}
	of[actor]++
	return of[actor] <= denialsKept
}

// Duty tells once a minute how many more there were of each caller.
func (d *Denials) Duty() Duty {
	return Duty{Name: "denials", Every: denialsSettled, Do: d.settle}
}

func (d *Denials) settle(ctx context.Context) error {
	var events []domain.Event
	d.mu.Lock()
	for _, of := range []tally{d.callers, d.addresses} {
		for actor, n := range of {
			if n > denialsKept {
				events = append(events, domain.Event{
					Type: domain.EventAccessDenied, Outcome: domain.Failed, Reason: fmt.Sprintf("repeated: %d more within a minute", n-denialsKept),
					Actor: actor, Subject: domain.System, OccurredAt: d.clock.Now(),
				})
			}
		}
		clear(of)
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
