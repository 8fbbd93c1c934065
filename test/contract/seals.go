package contract

import (
	"context"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunSeals holds an implementation to outbound.AuditSeals; open gives a store
// without events.
func RunSeals(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	store := func(t *testing.T, at time.Time) {
		t.Helper()
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			return r.Events.Append(ctx, domain.Event{Type: domain.EventUserUpdated, Outcome: domain.Succeeded, Reason: "r", Actor: domain.System,
				Subject: domain.Party{Kind: domain.PartyUser, ID: given.Name("subject"), Name: "n"}, OccurredAt: at})
		})
	}
	newest := func(t *testing.T) (domain.Seal, int64) {
		t.Helper()
		seal, place, err := s.Seals.Newest(within(t))
		ok(t, err)
		return seal, place
	}
	records := func(t *testing.T, after, upTo int64, limit int) []domain.StoredRecord {
		t.Helper()
		found, err := s.Seals.Records(within(t), after, upTo, limit)
		ok(t, err)
		return found
	}
	none, start := newest(t)
	same(t, "the newest of none", none, domain.Seal{})
	for i := range 6 {
		store(t, given.Now.Add(time.Duration(i)*time.Hour))
	}
	_, end := newest(t)
	all := records(t, start, end, 100)
	key := []byte("a key of 32 bytes, or as good as")

	t.Run("records come by place, each once", func(t *testing.T) {
		same(t, "how many", len(all), 6)
		same(t, "the last", all[5].Place, end)
		for i, r := range all {
			same(t, "time", r.OccurredAt, given.Now.Add(time.Duration(i)*time.Hour))
			same(t, "origin", r.Origin, given.Origin)
		}
		same(t, "a stretch", records(t, all[1].Place, all[4].Place, 2), all[2:4])
	})
	wantLen(t, "records", all, 6)
	first := none.SealAfter(key, all[2].Place, all[:3])
	second := first.SealAfter(key, all[5].Place, all[3:])
	t.Run("seals come back as they were, and prove what is stored", func(t *testing.T) {
		ok(t, s.Seals.Add(within(t), first))
		got, _ := newest(t)
		same(t, "newest", got, first)
		ok(t, s.Seals.Add(within(t), second))
		found, err := s.Seals.Seals(within(t), 0, 10)
		ok(t, err)
		same(t, "seals", found, []domain.Seal{first, second})
		wantLen(t, "seals", found, 2)
		if !found[1].Proves(key, found[0], records(t, found[0].Last, found[1].Last, 10)) {
			t.Error("a stored seal does not prove stored records")
		}
		rest, err := s.Seals.Seals(within(t), 1, 10)
		ok(t, err)
		same(t, "after the first", rest, []domain.Seal{second})
		one, err := s.Seals.Seals(within(t), 0, 1)
		ok(t, err)
		same(t, "one", one, []domain.Seal{first})
	})
	t.Run("20 that add the same seal: one winner", func(t *testing.T) {
		third := second.SealAfter(key, end, nil)
		wantWinners(t, race(20, func(int) error { return s.Seals.Add(within(t), third) }), 1, domain.CodeConflict)
	})
	t.Run("a cut leaves the checkpoint and what follows", func(t *testing.T) {
		checkpoint := second.Vouch(key)
		ok(t, s.Seals.Cut(within(t), checkpoint))
		ok(t, s.Seals.Cut(within(t), first.Vouch(key))) // by who was slower: too late to matter
		found, err := s.Seals.Seals(within(t), 0, 10)
		ok(t, err)
		wantLen(t, "seals", found, 1)
		same(t, "how many", len(found), 2)
		same(t, "checkpoint", found[0], checkpoint)
	})
	t.Run("a sweep deletes up to a place, and a time", func(t *testing.T) {
		sweep := func(upTo int64, before time.Time, limit, want int) {
			t.Helper()
			swept, err := s.Seals.Sweep(within(t), upTo, before, limit)
			ok(t, err)
			same(t, "swept", swept, want)
		}
		sweep(all[3].Place, given.Now.Add(2*time.Hour), 1, 1)
		sweep(all[3].Place, given.Now.Add(2*time.Hour), 10, 1)
		sweep(all[3].Place, given.Now.Add(10*time.Hour), 10, 2)
		same(t, "left", records(t, start, end, 10), all[4:])
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, _, err := s.Seals.Newest(ended(t))
		wantStopped(t, "Newest", err)
		_, err = s.Seals.Records(ended(t), 0, 1, 1)
		wantStopped(t, "Records", err)
		_, err = s.Seals.Seals(ended(t), 0, 1)
		wantStopped(t, "Seals", err)
		_, err = s.Seals.Sweep(ended(t), 1, given.Now, 1)
		wantStopped(t, "Sweep", err)
		wantStopped(t, "Add", s.Seals.Add(ended(t), second))
		wantStopped(t, "Cut", s.Seals.Cut(ended(t), second))
	})
}
