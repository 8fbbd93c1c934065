package domain

import (
	"maps"
	"slices"
	"time"
)

// Settings are what was set at run time: each overrides what the process was
// started with, until it is set back.
type Settings struct {
	Events
	s SettingsSnapshot
}

// SettingsSnapshot is the stored form of Settings.
type SettingsSnapshot struct {
	Overrides map[string]string // by name: the variable in lower case, without its prefix
	Version   int64             // 1 where nothing was ever set
	Revision  int64             // the version that is stored
}

// RehydrateSettings rebuilds settings from storage; it checks nothing.
func RehydrateSettings(s SettingsSnapshot) *Settings {
	s.Revision = s.Version
	return &Settings{s: s}
}

// Snapshot gives the state to store.
func (s *Settings) Snapshot() SettingsSnapshot {
	copied := s.s
	copied.Overrides = maps.Clone(s.s.Overrides)
	return copied
}

// Stored tells the settings that they are stored as they are.
func (s *Settings) Stored() { s.s.Revision = s.s.Version }

// Change sets each name to its value, or back where the value is nil, and
// tells which names differ now. What is no change counts no version.
func (s *Settings) Change(changes map[string]*string, actor Party, now time.Time) []string {
	var changed []string
	next := s.Snapshot()
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		before, overridden := next.Overrides[name]
		value, reason := changes[name], "set"
		switch {
		case value == nil && !overridden, value != nil && overridden && before == *value:
			continue
		case value == nil:
			delete(next.Overrides, name)
			reason = "reset"
		default:
			if next.Overrides == nil {
				next.Overrides = map[string]string{}
			}
			next.Overrides[name] = *value
		}
		changed = append(changed, name)
		s.Record(Event{
			Type: EventSettingChanged, Outcome: Succeeded, Reason: reason, Actor: actor,
			Subject: Party{Kind: PartySetting, ID: name}, OccurredAt: now,
		})
	}
	if len(changed) > 0 {
		next.Version++
		s.s = next
	}
	return changed
}
