package operations

import (
	"context"
	"fmt"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// Verify holds the whole trail to its seals and tells what is wrong with it.
func (s *Sealer) Verify(ctx context.Context) (inbound.AuditVerdict, error) {
	var verdict inbound.AuditVerdict
	key, err := keptKey(ctx, s.vault, s.master, s.random, auditKeyPurpose)
	if err != nil {
		return verdict, err
	}
	var before domain.Seal
	for first := true; ; first = false {
		seals, err := s.seals.Seals(ctx, before.Number, sweepBatch)
		if err != nil {
			return verdict, err
		}
		for i, seal := range seals {
			finding, err := s.check(ctx, key, before, seal, first && i == 0)
			if err != nil {
				return verdict, err
			}
			if finding != "" {
				verdict.Findings = append(verdict.Findings, finding)
			}
			verdict.Seals++
			verdict.Records += int64(seal.Count)
			before = seal
		}
		if len(seals) < sweepBatch {
			break
		}
	}
	verdict.Head = before
	return verdict, nil
}

// check gives what is wrong with one stretch, or nothing.
func (s *Sealer) check(ctx context.Context, key []byte, before, seal domain.Seal, first bool) (string, error) {
	if len(seal.Checkpoint) > 0 {
		switch {
		case !first:
			return fmt.Sprintf("seal %d is a checkpoint with others before it", seal.Number), nil
		case !seal.Vouched(key):
			return fmt.Sprintf("the checkpoint at seal %d is not ours", seal.Number), nil
		}
		return "", nil // its records were deleted as their time was over
	}
	if seal.Number != before.Number+1 {
		return fmt.Sprintf("seals %d to %d are missing", before.Number+1, seal.Number-1), nil
	}
	records, err := s.seals.Records(ctx, before.Last, seal.Last, max(seal.Count, 0)+sealStretch)
	if err != nil {
		return "", err
	}
	where := fmt.Sprintf("events %d to %d", before.Last+1, seal.Last)
	switch {
	case seal.Proves(key, before, records):
		return "", nil
	case len(records) < seal.Count:
		return where + ": some were removed", nil
	case len(records) > seal.Count:
		return where + ": some were inserted", nil
	}
	return where + ": some were changed", nil
}
