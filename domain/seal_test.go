package domain

import (
	"reflect"
	"testing"
	"time"
)

func sealedRecords() []StoredRecord {
	at := time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC)
	record := func(place int64, at time.Time) StoredRecord {
		return StoredRecord{Place: place, AuditRecord: AuditRecord{
			ID: ID{1, byte(place)}, Origin: Origin{Address: "a", UserAgent: "u", RequestID: "r"},
			Event: Event{Type: EventLoginFailed, Outcome: Failed, Reason: "w", Actor: Party{PartyUser, "1", "n"}, Subject: Party{PartyKey, "2", "m"}, OccurredAt: at},
		}}
	}
	return []StoredRecord{record(3, at.Add(time.Second)), record(7, at)}
}

func TestSealProves(t *testing.T) {
	key := []byte("a key")
	before := Seal{Number: 4, Last: 2, MAC: []byte("mac")}
	seal := before.SealAfter(key, 7, sealedRecords())
	if seal.Number != 5 || seal.Last != 7 || seal.Count != 2 || !seal.Until.Equal(sealedRecords()[0].OccurredAt) {
		t.Errorf("sealed %+v", seal)
	}
	if !seal.Proves(key, before, sealedRecords()) {
		t.Fatal("does not prove what it sealed")
	}
	local := sealedRecords()
	local[0].OccurredAt = local[0].OccurredAt.In(time.FixedZone("", 3600))
	if !seal.Proves(key, before, local) {
		t.Error("a zone makes a difference")
	}
	if seal.Proves([]byte("another"), before, sealedRecords()) {
		t.Error("any key will do")
	}
	for name, change := range map[string]func(s *Seal, b *Seal, r []StoredRecord) []StoredRecord{
		"removed":  func(_, _ *Seal, r []StoredRecord) []StoredRecord { return r[:1] },
		"inserted": func(_, _ *Seal, r []StoredRecord) []StoredRecord { return append(r, r[0]) },
		"swapped":  func(_, _ *Seal, r []StoredRecord) []StoredRecord { r[0], r[1] = r[1], r[0]; return r },
		"moved text": func(_, _ *Seal, r []StoredRecord) []StoredRecord {
			r[0].Origin.Address, r[0].Origin.UserAgent = "", "au"
			return r
		},
		"another before": func(_, b *Seal, r []StoredRecord) []StoredRecord { b.MAC = []byte("other"); return r },
		"another gap":    func(_, b *Seal, r []StoredRecord) []StoredRecord { b.Last = 1; return r },
		"another number": func(s, b *Seal, r []StoredRecord) []StoredRecord { s.Number++; b.Number++; return r },
		"another end":    func(s, _ *Seal, r []StoredRecord) []StoredRecord { s.Last++; return r },
		"another time":   func(s, _ *Seal, r []StoredRecord) []StoredRecord { s.Until = s.Until.Add(time.Hour); return r },
		"another MAC":    func(s, _ *Seal, r []StoredRecord) []StoredRecord { s.MAC = nil; return r },
	} {
		s, b := seal, before
		if records := change(&s, &b, sealedRecords()); s.Proves(key, b, records) {
			t.Errorf("%s, and not seen", name)
		}
	}
}

// TestSealCoversEveryField changes each field of a record in turn: one that is
// added and not sealed shows here.
func TestSealCoversEveryField(t *testing.T) {
	key := []byte("a key")
	seal := Seal{}.SealAfter(key, 7, sealedRecords())
	var walk func(path string, index []int, of reflect.Type)
	walk = func(path string, index []int, of reflect.Type) {
		for i := range of.NumField() {
			field, at := of.Field(i), append(append([]int{}, index...), i)
			if field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[time.Time]() {
				walk(path+"."+field.Name, at, field.Type)
				continue
			}
			records := sealedRecords()
			switch v := reflect.ValueOf(&records[1]).Elem().FieldByIndex(at); v.Kind() {
			case reflect.String:
				v.SetString(v.String() + "x")
			case reflect.Int64:
				v.SetInt(v.Int() - 1)
			case reflect.Array:
				v.Index(0).SetUint(9)
			default:
				v.Set(reflect.ValueOf(records[1].OccurredAt.Add(time.Microsecond)))
			}
			if seal.Proves(key, Seal{}, records) {
				t.Errorf("%s.%s was changed, and not seen", path, field.Name)
			}
		}
	}
	walk("record", nil, reflect.TypeFor[StoredRecord]())
}

func TestCheckpoint(t *testing.T) {
	key := []byte("a key")
	seal := Seal{}.SealAfter(key, 7, sealedRecords())
	if seal.Vouched(key) {
		t.Error("vouched for without a checkpoint")
	}
	kept := seal.Vouch(key)
	if !kept.Vouched(key) || kept.Vouched([]byte("another")) {
		t.Error("a checkpoint is told by its key")
	}
	for _, change := range []func(*Seal){func(s *Seal) { s.Number++ }, func(s *Seal) { s.Last++ }, func(s *Seal) { s.MAC = []byte("x") }} {
		moved := kept
		if change(&moved); moved.Vouched(key) {
			t.Errorf("a checkpoint of another seal serves: %+v", moved)
		}
	}
}
