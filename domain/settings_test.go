package domain

import (
	"maps"
	"slices"
	"testing"
	"time"
)

func TestSettingsChange(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	actor := Party{Kind: PartyUser, ID: "someone"}
	to := func(s string) *string { return &s }
	s := RehydrateSettings(SettingsSnapshot{Overrides: map[string]string{"a": "1", "b": "2"}, Version: 4})
	for _, step := range []struct {
		changes map[string]*string
		changed []string
		reasons []string
		after   map[string]string
		version int64
	}{
		{nil, nil, nil, map[string]string{"a": "1", "b": "2"}, 4},
		{map[string]*string{"a": to("1"), "x": nil}, nil, nil, map[string]string{"a": "1", "b": "2"}, 4}, // no change at all
		{map[string]*string{"c": to(""), "a": to("9"), "b": nil, "x": nil}, []string{"a", "b", "c"}, []string{"set", "reset", "set"}, map[string]string{"a": "9", "c": ""}, 5},
		{map[string]*string{"c": nil, "a": nil}, []string{"a", "c"}, []string{"reset", "reset"}, map[string]string{}, 6},
	} {
		before := s.Snapshot()
		if changed := s.Change(step.changes, actor, now); !slices.Equal(changed, step.changed) {
			t.Errorf("changed %v, want %v", changed, step.changed)
		}
		after := s.Snapshot()
		if !maps.Equal(after.Overrides, step.after) || after.Version != step.version || after.Revision != 4 {
			t.Errorf("after %v: %+v", step.changed, after)
		}
		events := s.Drain()
		for i, e := range events {
			want := Event{Type: EventSettingChanged, Outcome: Succeeded, Reason: step.reasons[i], Actor: actor, Subject: Party{Kind: PartySetting, ID: step.changed[i]}, OccurredAt: now}
			if e != want {
				t.Errorf("event %+v, want %+v", e, want)
			}
		}
		if len(events) != len(step.changed) {
			t.Errorf("%d events for %v", len(events), step.changed)
		}
		before.Overrides["q"] = "a snapshot's own"
		if _, shared := s.Snapshot().Overrides["q"]; shared {
			t.Error("a snapshot changes the settings")
		}
	}
	if s.Stored(); s.Snapshot().Revision != 6 {
		t.Errorf("stored as %d", s.Snapshot().Revision)
	}
	if none := RehydrateSettings(SettingsSnapshot{Version: 1}); len(none.Change(map[string]*string{"a": to("1")}, actor, now)) != 1 {
		t.Error("nothing can be set where nothing was")
	}
}
