package rest

import (
	"context"
	"errors"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// settingsPort is function fields.
type settingsPort struct {
	p   *ports
	get func() (inbound.SettingsInForce, error)
	set func(changes map[string]*string, version int64) (inbound.SettingsInForce, error)
}

func (s settingsPort) Settings(context.Context, inbound.Caller) (inbound.SettingsInForce, error) {
	s.p.called("settings")
	return s.get()
}

func (s settingsPort) Change(_ context.Context, _ inbound.Caller, changes map[string]*string, version int64) (inbound.SettingsInForce, error) {
	s.p.called("change settings")
	return s.set(changes, version)
}

func obligingSettings(p *ports) settingsPort {
	found := inbound.SettingsInForce{Values: map[string]string{"lockout_attempts": "3", "access_token_ttl": "15m", "password_require": ""}, Overridden: []string{"lockout_attempts"}, Version: 4}
	return settingsPort{p: p, get: func() (inbound.SettingsInForce, error) { return found, nil },
		set: func(map[string]*string, int64) (inbound.SettingsInForce, error) { return found, nil }}
}

func TestSettings(t *testing.T) {
	h := []string{full, jsonType}
	reached := []string{"change settings"}
	wants := func(version int64, want map[string]string, null ...string) func(*ports) {
		return func(p *ports) {
			p.settings.set = func(changes map[string]*string, got int64) (inbound.SettingsInForce, error) {
				for name, value := range want {
					if changes[name] == nil || *changes[name] != value {
						return inbound.SettingsInForce{}, errors.New("arrived otherwise")
					}
				}
				for _, name := range null {
					if value, is := changes[name]; !is || value != nil {
						return inbound.SettingsInForce{}, errors.New("null arrived otherwise")
					}
				}
				if len(changes) != len(want)+len(null) || got != version {
					return inbound.SettingsInForce{}, errors.New("more or less arrived")
				}
				return inbound.SettingsInForce{Version: 5}, nil
			}
		}
	}
	run(t, []exampleCase{
		{name: "shown", method: "GET", path: settingsPath, headers: []string{full}, status: 200, calls: []string{"settings"}, answered: []string{`ETag: "4"`, "Cache-Control: no-store"},
			exactly: `{"values":{"access_token_ttl":"15m","lockout_attempts":3,"password_require":""},"overridden":["lockout_attempts"],"version":4}`},
		{name: "without scope", method: "GET", path: settingsPath, headers: []string{bare}, status: 403},
		{name: "PATCH without scope", method: "PATCH", path: settingsPath, headers: []string{bare, jsonType}, body: `{}`, status: 403},
		{name: "text, number, list, null", method: "PATCH", path: settingsPath, headers: h, status: 200, calls: reached, answered: []string{`ETag: "5"`}, has: []string{`"overridden":[]`},
			body: `{"a":"15m","b":3,"c":["1m","5m"],"d":null}`, given: wants(0, map[string]string{"a": "15m", "b": "3", "c": "1m,5m"}, "d")},
		{name: "If-Match", method: "PATCH", path: settingsPath, headers: append(h, `If-Match: "4"`), status: 200, calls: reached, body: `{"a":""}`, given: wants(4, map[string]string{"a": ""})},
		{name: "a weak If-Match", method: "PATCH", path: settingsPath, headers: append(h, `If-Match: W/"4"`), status: 200, calls: reached, body: `{"a":""}`, given: wants(noVersion, map[string]string{"a": ""})},
		{name: "a merge patch", method: "PATCH", path: settingsPath, headers: []string{full, "Content-Type: application/merge-patch+json"}, status: 200, calls: reached, body: `{}`},
		{name: "an object", method: "PATCH", path: settingsPath, headers: h, status: 422, body: `{"a":{"b":1}}`, has: []string{`"field":"a"`}},
		{name: "a boolean", method: "PATCH", path: settingsPath, headers: h, status: 422, body: `{"a":true}`, has: []string{`"field":"a"`}},
		{name: "numbers in a list", method: "PATCH", path: settingsPath, headers: h, status: 422, body: `{"a":[1]}`, has: []string{`"field":"a.0"`}},
		{name: "twice", method: "PATCH", path: settingsPath, headers: h, status: 400, body: `{"a":"1","a":"2"}`},
		{name: "no object", method: "PATCH", path: settingsPath, headers: h, status: 400, body: `[]`},
		{name: "refused", method: "PATCH", path: settingsPath, headers: h, status: 422, calls: reached, body: `{"a":"1"}`, has: []string{`"field":"a"`},
			given: func(p *ports) {
				p.settings.set = func(map[string]*string, int64) (inbound.SettingsInForce, error) {
					return inbound.SettingsInForce{}, domain.InvalidFields(domain.Field{Name: "a", Code: "unknown"})
				}
			}},
	})
}
