package operations

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/given"
)

// sealStore keeps a trail and its seals.
type sealStore struct {
	records []domain.StoredRecord
	seals   []domain.Seal
}

func (s *sealStore) Newest(context.Context) (domain.Seal, int64, error) {
	var newest domain.Seal
	if len(s.seals) > 0 {
		newest = s.seals[len(s.seals)-1]
	}
	var highest int64
	for _, r := range s.records {
		highest = max(highest, r.Place)
	}
	return newest, highest, nil
}

func (s *sealStore) Records(_ context.Context, after, upTo int64, limit int) (found []domain.StoredRecord, _ error) {
	for _, r := range s.records {
		if r.Place > after && r.Place <= upTo && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

func (s *sealStore) Add(_ context.Context, seal domain.Seal) error {
	if slices.ContainsFunc(s.seals, func(other domain.Seal) bool { return other.Number == seal.Number }) {
		return domain.Conflict(domain.CodeConflict, "there is one")
	}
	s.seals = append(s.seals, seal)
	return nil
}

func (s *sealStore) Seals(_ context.Context, after int64, limit int) (found []domain.Seal, _ error) {
	for _, seal := range s.seals {
		if seal.Number > after && len(found) < limit {
			found = append(found, seal)
		}
	}
	return found, nil
}

func (s *sealStore) Cut(_ context.Context, checkpoint domain.Seal) error {
	s.seals = slices.DeleteFunc(s.seals, func(seal domain.Seal) bool { return seal.Number < checkpoint.Number })
	s.seals[0] = checkpoint
	return nil
}

func (s *sealStore) Sweep(_ context.Context, upTo int64, before time.Time, limit int) (int, error) {
	had := len(s.records)
	s.records = slices.DeleteFunc(s.records, func(r domain.StoredRecord) bool {
		gone := limit > 0 && r.Place <= upTo && r.OccurredAt.Before(before)
		if gone {
			limit--
		}
		return gone
	})
	return had - len(s.records), nil
}

func (s *sealStore) add(n int, at time.Time) {
	for range n {
		place := int64(1)
		if len(s.records) > 0 {
			place = s.records[len(s.records)-1].Place + 2 // gaps are usual: transactions that were rolled back
		}
		s.records = append(s.records, domain.StoredRecord{Place: place, AuditRecord: domain.AuditRecord{Event: domain.Event{Type: "t", Reason: "as it was", OccurredAt: at}}})
	}
}

type sealing struct {
	*Sealer
	store     *sealStore
	clock     *ticking
	retention time.Duration
	told      []domain.Seal
}

func newSealing() *sealing {
	s := &sealing{store: &sealStore{}, clock: &ticking{now: given.Now}}
	s.Sealer = NewSealer(s.clock, entropy{7}, master{name: "one"}, &vault{}, s.store, func() time.Duration { return s.retention },
		func(seal domain.Seal) { s.told = append(s.told, seal) })
	return s
}

// settle has the sealer look, and look again once all there is has settled.
func (s *sealing) settle(t *testing.T) {
	t.Helper()
	for range 2 {
		if err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.clock.now = s.clock.now.Add(sealLag)
	}
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *sealing) findings(t *testing.T) []string {
	t.Helper()
	verdict, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Findings
}

func TestSealerWaitsForLatecomers(t *testing.T) {
	s := newSealing()
	s.store.add(3, given.Now)
	for range 6 {
		if err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(s.store.seals) > 0 {
			t.Fatalf("sealed at %s", s.clock.now)
		}
		s.clock.now = s.clock.now.Add(sealEvery)
	}
	s.store.add(1, s.clock.now)
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.store.seals) != 1 || s.store.seals[0].Count != 3 || len(s.told) != 1 {
		t.Errorf("sealed %+v", s.store.seals)
	}
}

func TestVerifyFindsWhatWasDone(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(s *sealStore)
		want string // part of the one finding; empty: none
	}{
		"nothing":             {func(*sealStore) {}, ""},
		"changed":             {func(s *sealStore) { s.records[700].Reason = "changed" }, "changed"},
		"removed":             {func(s *sealStore) { s.records = slices.Delete(s.records, 700, 701) }, "removed"},
		"the last removed":    {func(s *sealStore) { s.records = s.records[:len(s.records)-1] }, "removed"},
		"inserted":            {func(s *sealStore) { r := s.records[700]; r.Place++; s.records = slices.Insert(s.records, 701, r) }, "inserted"},
		"unsealed at the end": {func(s *sealStore) { s.add(5, given.Now) }, ""},
		"a seal removed":      {func(s *sealStore) { s.seals = slices.Delete(s.seals, 1, 2) }, "missing"},
		"the oldest removed":  {func(s *sealStore) { s.seals, s.records = s.seals[1:], s.records[500:] }, "missing"},
		"cut by a stranger": {func(s *sealStore) {
			s.seals, s.records = s.seals[1:], s.records[1000:]
			s.seals[0] = s.seals[0].Vouch([]byte("another key"))
		}, "not ours"},
	} {
		s := newSealing()
		s.store.add(1600, given.Now)
		s.settle(t)
		if len(s.store.seals) != 4 {
			t.Fatalf("%d seals", len(s.store.seals))
		}
		c.harm(s.store)
		found := s.findings(t)
		if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || !strings.Contains(found[0], c.want)) {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

func TestRetentionCutsWholeStretches(t *testing.T) {
	s := newSealing()
	s.store.add(sealStretch, given.Now)
	s.store.add(sealStretch/2, given.Now)
	s.store.add(sealStretch/2, given.Now.Add(time.Hour))
	s.store.add(10, given.Now.Add(2*time.Hour))
	s.settle(t)
	sweep := func(want int) {
		t.Helper()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(s.store.records) != want {
			t.Errorf("%d records are left, want %d", len(s.store.records), want)
		}
		if found := s.findings(t); len(found) > 0 {
			t.Errorf("after the cut: %q", found)
		}
	}
	s.clock.now = given.Now.Add(100 * time.Hour)
	sweep(2*sealStretch + 10) // no retention
	s.retention = 99*time.Hour + 30*time.Minute
	sweep(sealStretch + 10)
	sweep(sealStretch + 10)
	s.retention = 98*time.Hour + 30*time.Minute
	sweep(10)
	s.retention = time.Hour
	sweep(0)
	s.store.add(3, s.clock.now) // the chain goes on from the checkpoint
	for i := range s.store.records {
		s.store.records[i].Place += s.store.seals[0].Last
	}
	s.settle(t)
	sweep(3)
	if last := s.store.seals[len(s.store.seals)-1]; last.Number != 4 || len(s.store.seals) != 2 {
		t.Errorf("seals %+v", s.store.seals)
	}
}
