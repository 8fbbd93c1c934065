package contract

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunAudit holds an implementation to outbound.AuditLog.
func RunAudit(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	subject, actor := given.Name("subject"), given.Name("actor")
	var stored []domain.Event // oldest first
	for i := range 7 {
		e := domain.Event{
			Type: domain.EventLoginSucceeded, Outcome: domain.Succeeded, Actor: domain.Party{Kind: domain.PartyUser, ID: actor},
			Subject: domain.Party{Kind: domain.PartyUser, ID: subject, Name: fmt.Sprint(i)}, OccurredAt: given.Now.Add(time.Duration(i/2) * time.Second), // two of one moment
		}
		if i%3 == 0 {
			e.Type, e.Outcome, e.Actor.ID = domain.EventLoginFailed, domain.Failed, given.Name("other")
		}
		stored = append(stored, e)
	}
	store := func(t *testing.T, events ...domain.Event) {
		t.Helper()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error { return r.Events.Append(ctx, events...) })
	}
	anothers := stored[1] // of the same time and actor
	anothers.Subject.ID = given.Name("subject")
	store(t, append([]domain.Event{anothers}, stored...)...)
	newestFirst := func(keep func(i int, e domain.Event) bool) []domain.Event {
		var kept []domain.Event
		for i, e := range slices.Backward(stored) {
			if keep(i, e) {
				kept = append(kept, e)
			}
		}
		return kept
	}
	find := func(t *testing.T, filter domain.AuditFilter, page domain.Page) domain.Listing[domain.AuditRecord] {
		t.Helper()
		found, err := s.Audit.Find(within(t), filter, page)
		ok(t, err)
		return found
	}
	events := func(records []domain.AuditRecord) []domain.Event {
		var found []domain.Event
		for _, r := range records {
			found = append(found, r.Event)
		}
		return found
	}
	t.Run("behaviour", func(t *testing.T) {
		for name, c := range map[string]struct {
			filter domain.AuditFilter
			keep   func(i int, e domain.Event) bool
		}{
			"subject":         {domain.AuditFilter{}, func(int, domain.Event) bool { return true }},
			"type":            {domain.AuditFilter{Type: domain.EventLoginFailed}, func(_ int, e domain.Event) bool { return e.Type == domain.EventLoginFailed }},
			"outcome":         {domain.AuditFilter{Outcome: domain.Succeeded}, func(_ int, e domain.Event) bool { return e.Outcome == domain.Succeeded }},
			"actor":           {domain.AuditFilter{Actor: actor}, func(_ int, e domain.Event) bool { return e.Actor.ID == actor }},
			"from, inclusive": {domain.AuditFilter{From: given.Now.Add(2 * time.Second).In(elsewhere)}, func(i int, _ domain.Event) bool { return i >= 4 }},
			"to, exclusive":   {domain.AuditFilter{To: given.Now.Add(2 * time.Second).In(elsewhere)}, func(i int, _ domain.Event) bool { return i < 4 }},
			"all at once": {domain.AuditFilter{Type: domain.EventLoginFailed, Outcome: domain.Failed, From: given.Now, To: given.Now.Add(time.Hour)},
				func(_ int, e domain.Event) bool { return e.Type == domain.EventLoginFailed }},
			"another type":      {domain.AuditFilter{Type: domain.EventUserLocked}, func(int, domain.Event) bool { return false }},
			"text none can be":  {domain.AuditFilter{Actor: "a\x00b"}, func(int, domain.Event) bool { return false }},
			"text that is code": {domain.AuditFilter{Actor: `' OR '1'='1`}, func(int, domain.Event) bool { return false }},
		} {
			t.Run("filter by "+name, func(t *testing.T) {
				c.filter.Subject = subject
				found := find(t, c.filter, domain.Page{Limit: 100})
				same(t, "events", events(found.Items), newestFirst(c.keep))
				same(t, "next", found.Next, "")
			})
		}
		for limit := 1; limit <= 8; limit++ {
			t.Run(fmt.Sprintf("pages of %d hold each record once, whatever is stored meanwhile", limit), func(t *testing.T) {
				filter := domain.AuditFilter{Subject: subject, To: given.Now.Add(time.Hour)}
				var all []domain.AuditRecord
				page := domain.Page{Limit: limit}
				for parts := 0; ; parts++ {
					if parts == endless {
						t.Fatal("the list has no end")
					}
					found := find(t, filter, page)
					all = append(all, found.Items...)
					if page.After = found.Next; page.After == "" {
						break
					}
					same(t, "how many", len(found.Items), limit)
					other := stored[6]
					other.OccurredAt = given.Now.Add(2 * time.Hour)
					store(t, other)
				}
				same(t, "events", events(all), newestFirst(func(int, domain.Event) bool { return true }))
			})
		}
		t.Run("a record has an id of its own and its origin", func(t *testing.T) {
			found := find(t, domain.AuditFilter{Subject: subject, To: given.Now.Add(time.Hour)}, domain.Page{Limit: 2}).Items
			wantLen(t, "records", found, 2)
			if found[0].ID == domain.NoID || found[0].ID == found[1].ID {
				t.Errorf("ids %s and %s", found[0].ID, found[1].ID)
			}
			same(t, "origin", found[0].Origin, given.Origin)
		})
		for _, after := range []string{"x", "1", "1.", ".1", "-5.1", "1.x", "9999999999999999999.1", "253402300800000000.1", "\x00"} {
			t.Run("no cursor: "+fmt.Sprintf("%q", after), func(t *testing.T) {
				_, err := s.Audit.Find(within(t), domain.AuditFilter{}, domain.Page{Limit: 1, After: after})
				wantCode(t, err, domain.CodeInvalidInput)
			})
		}
		t.Run("an ended context is an error", func(t *testing.T) {
			_, err := s.Audit.Find(ended(t), domain.AuditFilter{}, domain.Page{Limit: 1})
			wantStopped(t, "Find", err)
		})
	})
}
