package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// StoredRecord is a record of the audit trail at its place in the order of storing.
type StoredRecord struct {
	Place int64 // rises; without order among those stored at the same moment
	AuditRecord
}

// Seal closes a stretch of the audit trail: whoever changes, removes or inserts
// a record in it can't make its MAC again without the key. Each one builds on
// the one before.
type Seal struct {
	Number int64     // from 1, without gaps
	Last   int64     // the place of the last record; the stretch begins after the one before
	Count  int       // of records
	Until  time.Time // when the youngest of them occurred
	MAC    []byte
	// Checkpoint, where set, vouches for the seal alone: what is before it, and
	// its own records, were deleted as their time was over.
	Checkpoint []byte
}

// SealAfter seals the records that follow those of the seal, the zero Seal for
// none. The last place may be beyond the last record's.
func (s Seal) SealAfter(key []byte, last int64, records []StoredRecord) Seal {
	next := Seal{Number: s.Number + 1, Last: last, Count: len(records)}
	for _, r := range records {
		if r.OccurredAt.After(next.Until) {
			next.Until = r.OccurredAt
		}
	}
	next.MAC = next.mac(key, s, records)
	return next
}

// Proves tells whether the seal was made of these records after the seal before.
func (s Seal) Proves(key []byte, before Seal, records []StoredRecord) bool {
	return s.Number == before.Number+1 && s.Count == len(records) && hmac.Equal(s.MAC, s.mac(key, before, records))
}

// Vouch makes the seal a checkpoint.
func (s Seal) Vouch(key []byte) Seal {
	s.Checkpoint = s.voucher(key)
	return s
}

// Vouched tells whether the seal is a checkpoint made with the key.
func (s Seal) Vouched(key []byte) bool { return hmac.Equal(s.Checkpoint, s.voucher(key)) }

func (s Seal) voucher(key []byte) []byte {
	m := message("checkpoint")
	m.numbers(s.Number, s.Last)
	m.text(string(s.MAC))
	return m.mac(key)
}

func (s Seal) mac(key []byte, before Seal, records []StoredRecord) []byte {
	m := message("seal")
	m.numbers(s.Number, before.Last, s.Last, int64(s.Count), s.Until.UnixMicro())
	m.text(string(before.MAC))
	for _, r := range records {
		m.numbers(r.Place, r.OccurredAt.UnixMicro())
		for _, part := range []string{
			r.ID.String(), string(r.Type), string(r.Outcome), r.Reason,
			string(r.Actor.Kind), r.Actor.ID, r.Actor.Name, string(r.Subject.Kind), r.Subject.ID, r.Subject.Name,
			r.Origin.Address, r.Origin.UserAgent, r.Origin.RequestID,
		} {
			m.text(part)
		}
	}
	return m.mac(key)
}

// sealMessage is what a MAC is over: each part with its length, so that no two
// different lists of parts read alike.
type sealMessage []byte

func message(kind string) *sealMessage {
	m := &sealMessage{}
	m.text(kind)
	return m
}

func (m *sealMessage) text(s string) {
	*m = binary.BigEndian.AppendUint64(*m, uint64(len(s)))
	*m = append(*m, s...)
}

func (m *sealMessage) numbers(all ...int64) {
	for _, n := range all {
		*m = binary.BigEndian.AppendUint64(*m, uint64(n))
	}
}

func (m *sealMessage) mac(key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(*m) // of a hash: never fails
	return h.Sum(nil)
}
