package operations

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// denialTrail keeps appended events.
type denialTrail struct {
	outbound.Events
	events []domain.Event
	fail   error
}

func (l *denialTrail) Append(_ context.Context, events ...domain.Event) error {
	l.events = append(l.events, events...)
	return l.fail
}

func (l *denialTrail) Do(ctx context.Context, fn func(context.Context, outbound.Repositories) error) error {
	return fn(ctx, outbound.Repositories{Events: l})
}

func denialOf(id string) inbound.Denial {
	return inbound.Denial{
		Caller: inbound.Caller{Principal: token.Principal{Kind: domain.PartyUser, ID: id, Name: "mallory"}},
		Tried:  "delete-user", Subject: domain.Party{Kind: domain.PartyUser, ID: "victim"}, Code: domain.CodeForbidden,
	}
}

func TestDenialIsAnEvent(t *testing.T) {
	kept := &denialTrail{}
	if err := NewDenials(clock{}, kept).Denied(t.Context(), denialOf("m")); err != nil {
		t.Fatal(err)
	}
	want := domain.Event{Type: domain.EventAccessDenied, Outcome: domain.Failed, Reason: "forbidden: delete-user", OccurredAt: given.Now,
		Actor: domain.Party{Kind: domain.PartyUser, ID: "m", Name: "mallory"}, Subject: domain.Party{Kind: domain.PartyUser, ID: "victim"}}
	if len(kept.events) != 1 || kept.events[0] != want {
		t.Errorf("kept %+v", kept.events)
	}
	kept.fail = domain.Unavailable(nil, time.Second)
	if err := NewDenials(clock{}, kept).Denied(t.Context(), denialOf("m")); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("no store: %v", err)
	}
}

// One caller can't fill the trail, and shuts no other out of it; what was left
// out is told in one record.
func TestDenialsAreBounded(t *testing.T) {
	kept := &denialTrail{}
	d := NewDenials(clock{}, kept)
	for range 500 {
		if err := d.Denied(t.Context(), denialOf("m")); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Denied(t.Context(), denialOf("other")); err != nil {
		t.Fatal(err)
	}
	if len(kept.events) != denialsKept+1 || kept.events[denialsKept].Actor.ID != "other" {
		t.Fatalf("%d records", len(kept.events))
	}
	for range 2 { // the second time there is nothing to tell
		if err := d.Duty().Do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	last := kept.events[len(kept.events)-1]
	if len(kept.events) != denialsKept+2 || last.Reason != "repeated: 480 more within a minute" || last.Actor.ID != "m" {
		t.Errorf("%d records, the last %+v", len(kept.events), last)
	}
	if err := d.Denied(t.Context(), denialOf("m")); err != nil || len(kept.events) != denialsKept+3 {
		t.Errorf("the next minute: %v, %d records", err, len(kept.events))
	}
}

// The counters themselves are bounded: who comes late counts with others.
func TestDeniedCallersAreBounded(t *testing.T) {
	kept := &denialTrail{}
	d := NewDenials(clock{}, kept)
	for range deniedCallers + 5*denialsKept {
		if err := d.Denied(t.Context(), denialOf(given.ID().String())); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.shown.of) != deniedCallers+1 || len(kept.events) != deniedCallers+denialsKept {
		t.Errorf("%d counters, %d records", len(d.shown.of), len(kept.events))
	}
}

// Clients that do not prove themselves are counted by where they come from.
func TestRefusedClientsAreEvents(t *testing.T) {
	kept := &denialTrail{}
	d := NewDenials(clock{}, kept)
	from := func(address string) context.Context {
		return domain.WithOrigin(t.Context(), domain.Origin{Address: address})
	}
	party := domain.Party{Kind: domain.PartyClient, ID: "c", Name: "reports"}
	for range 500 {
		if err := d.ClientRefused(from("192.0.2.1"), party); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.ClientRefused(from("2001:db8::1"), domain.Party{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Duty().Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(kept.events) != 22 {
		t.Fatalf("%d events, want 20 of one address, one of the other, and how many more there were", len(kept.events))
	}
	want := domain.Event{Type: domain.EventClientRefused, Outcome: domain.Failed, Reason: "invalid_client", OccurredAt: given.Now,
		Actor: domain.Party{Kind: domain.PartyUnknown, ID: "192.0.2.1"}, Subject: party}
	if kept.events[0] != want {
		t.Errorf("kept %+v", kept.events[0])
	}
	if got := kept.events[20]; got.Subject != (domain.Party{Kind: domain.PartyUnknown}) || got.Actor.ID != "2001:db8::/64" {
		t.Errorf("kept %+v of an unknown one", got)
	}
	if got := kept.events[21]; got.Type != domain.EventClientRefused || got.Actor.ID != "192.0.2.1" || got.Reason != "repeated: 480 more within a minute" {
		t.Errorf("kept %+v", got)
	}
}

// Whoever comes from any number of addresses shuts no caller out of the trail.
func TestSitesCountApart(t *testing.T) {
	kept := &denialTrail{}
	d := NewDenials(clock{}, kept)
	for n := range deniedCallers + 100 {
		if err := d.ClientRefused(domain.WithOrigin(t.Context(), domain.Origin{Address: netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}).String()}), domain.Party{}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := len(kept.events), deniedCallers+denialsKept; got != want {
		t.Errorf("%d kept, want %d", got, want)
	}
	kept.events = nil
	for n := range 30 {
		if err := d.Denied(t.Context(), denialOf(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if len(kept.events) != 30 {
		t.Errorf("%d denials of 30 callers kept", len(kept.events))
	}
}
