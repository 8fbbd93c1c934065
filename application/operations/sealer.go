package operations

import (
	"context"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	sealEvery = 10 * time.Second
	// sealLag is how old a place must be before it is sealed: longer than any
	// transaction that took an earlier one may still be on its way.
	sealLag = time.Minute
	// sealStretch is how many records a seal covers at most.
	sealStretch = 500
)

// Sealer seals the audit trail, behind the events and off their path, and
// deletes what is older than the retention in whole stretches, so that what is
// left can still be verified.
type Sealer struct {
	clock     outbound.Clock
	random    outbound.Random
	master    outbound.MasterKey
	vault     outbound.Vault
	seals     outbound.AuditSeals
	retention func() time.Duration
	// sealed is told of each new seal: kept elsewhere, it shows that the newest
	// ones were not taken away.
	sealed func(domain.Seal)

	mu   sync.Mutex
	seen []observed // oldest first
}

// observed is the highest place there was at a time.
type observed struct {
	at    time.Time
	place int64
}

// NewSealer makes a sealer; a retention of zero keeps everything.
func NewSealer(clock outbound.Clock, random outbound.Random, master outbound.MasterKey, vault outbound.Vault, seals outbound.AuditSeals,
	retention func() time.Duration, sealed func(domain.Seal)) *Sealer {
	return &Sealer{clock: clock, random: random, master: master, vault: vault, seals: seals, retention: retention, sealed: sealed}
}

// Duties are what the housekeeper does for the sealer.
func (s *Sealer) Duties() []Duty {
	return []Duty{{Name: "audit seals", Every: sealEvery, Do: s.Seal}, {Name: "audit retention", Every: sweepEvery, Do: s.Sweep}}
}

// Seal seals what is there since long enough. Of instances that do at once,
// one is first with each seal.
func (s *Sealer) Seal(ctx context.Context) error {
	newest, highest, err := s.seals.Newest(ctx)
	if err != nil {
		return err
	}
	settled := s.settled(highest)
	if settled <= newest.Last {
		return nil
	}
	key, err := keptKey(ctx, s.vault, s.master, s.random, auditKeyPurpose)
	if err != nil {
		return err
	}
	for range maxBatches {
		records, err := s.seals.Records(ctx, newest.Last, settled, sealStretch)
		if err != nil || len(records) == 0 {
			return err
		}
		next := newest.SealAfter(key, records[len(records)-1].Place, records)
		err = s.seals.Add(ctx, next)
		if err != nil && domain.AsError(err).Kind == domain.KindConflict {
			return nil // another instance is at it
		}
		if err != nil {
			return err
		}
		s.sealed(next)
		newest = next
	}
	return nil
}

// settled gives the highest place below which nothing can come any more.
func (s *Sealer) settled(highest int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.seen = append(s.seen, observed{now, highest})
	var settled int64
	for i, o := range s.seen {
		if now.Sub(o.at) < sealLag {
			s.seen = s.seen[max(0, i-1):]
			break
		}
		settled = o.place
	}
	return settled
}

// Sweep deletes the stretches whose youngest record is older than the retention.
func (s *Sealer) Sweep(ctx context.Context) error {
	age := s.retention()
	if age <= 0 {
		return nil
	}
	before := s.clock.Now().Add(-age)
	var cut domain.Seal
	for range maxBatches {
		seals, err := s.seals.Seals(ctx, cut.Number, sweepBatch)
		if err != nil {
			return err
		}
		last := cut.Number
		for _, seal := range seals {
			if !seal.Until.Before(before) {
				break
			}
			cut = seal
		}
		if cut.Number == last || len(seals) < sweepBatch {
			break
		}
	}
	if cut.Number == 0 {
		return nil
	}
	if len(cut.Checkpoint) == 0 {
		key, err := keptKey(ctx, s.vault, s.master, s.random, auditKeyPurpose)
		if err != nil {
			return err
		}
		if err := s.seals.Cut(ctx, cut.Vouch(key)); err != nil {
			return err
		}
	}
	for range maxBatches {
		swept, err := s.seals.Sweep(ctx, cut.Last, before, sweepBatch)
		if err != nil || swept < sweepBatch {
			return err
		}
	}
	return nil
}
