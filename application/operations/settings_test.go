package operations

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// settingsStore keeps settings, and what a unit of work did with them.
type settingsStore struct {
	stored  domain.SettingsSnapshot
	saved   int
	signals []token.Signal
	fail    error
}

func (s *settingsStore) Settings(context.Context) (*domain.Settings, error) {
	return domain.RehydrateSettings(s.stored), s.fail
}
func (s *settingsStore) Lock(ctx context.Context) (*domain.Settings, error) { return s.Settings(ctx) }
func (s *settingsStore) Save(_ context.Context, changed *domain.Settings) error {
	s.saved++
	s.stored = changed.Snapshot()
	return nil
}
func (s *settingsStore) Append(_ context.Context, signals ...token.Signal) error {
	s.signals = append(s.signals, signals...)
	return nil
}
func (s *settingsStore) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	return work(ctx, outbound.Repositories{Settings: s, Signals: s})
}

// configuration knows two settings, and "bad" is no value of either.
type configuration struct{ used map[string]string }

func (c *configuration) Values(overrides map[string]string) (map[string]string, error) {
	values := map[string]string{"attempts": "5", "lifetime": "15m"}
	for name := range values {
		if value, is := overrides[name]; is {
			values[name] = value
		}
		if values[name] == "bad" {
			return nil, domain.InvalidFields(domain.Field{Name: name, Code: "invalid"})
		}
	}
	return values, nil
}

func (c *configuration) Use(overrides map[string]string) (err error) {
	c.used, err = c.Values(overrides)
	return err
}

func newSettings() (*Settings, *settingsStore, *configuration) {
	store, config := &settingsStore{stored: domain.SettingsSnapshot{Version: 1}}, &configuration{}
	return NewSettings(clock{}, config, store, store), store, config
}

func to(s string) *string { return &s }

func TestSettingsNeedTheirScope(t *testing.T) {
	s, store, _ := newSettings()
	for _, caller := range []inbound.Caller{holder(), holder(scope.AdminUsers, scope.ReadAudit)} {
		_, err := s.Settings(t.Context(), caller)
		wantCode(t, err, domain.CodeInsufficientScope)
		_, err = s.Change(t.Context(), caller, map[string]*string{"attempts": to("3")}, 0)
		wantCode(t, err, domain.CodeInsufficientScope)
	}
	if store.saved > 0 {
		t.Error("set without the scope")
	}
}

func TestSettingsChange(t *testing.T) {
	s, store, _ := newSettings()
	admin := holder(scope.AdminSystem)
	after, err := s.Change(t.Context(), admin, map[string]*string{"attempts": to("3")}, 1)
	if err != nil || after.Version != 2 || !maps.Equal(after.Values, map[string]string{"attempts": "3", "lifetime": "15m"}) || !slices.Equal(after.Overridden, []string{"attempts"}) {
		t.Fatalf("set: %+v, %v", after, err)
	}
	if len(store.signals) != 1 || store.signals[0].Kind != token.SignalSettingsChanged || store.signals[0].ID != "2" {
		t.Errorf("signals %v", store.signals)
	}
	if found, err := s.Settings(t.Context(), admin); err != nil || !maps.Equal(found.Values, after.Values) || found.Version != 2 {
		t.Errorf("got %+v, %v", found, err)
	}
	if again, err := s.Change(t.Context(), admin, map[string]*string{"attempts": to("3")}, 0); err != nil || again.Version != 2 || store.saved != 1 {
		t.Errorf("no change at all: %+v, %v, saved %d times", again, err, store.saved)
	}
	if back, err := s.Change(t.Context(), admin, map[string]*string{"attempts": nil}, 2); err != nil || back.Version != 3 || back.Values["attempts"] != "5" || len(back.Overridden) != 0 {
		t.Errorf("set back: %+v, %v", back, err)
	}
}

func TestSettingsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[string]*string
		version int64
		code    domain.Code
		fields  string
	}{
		"an unknown name":           {map[string]*string{"attempts": to("3"), "database_url": to("x")}, 0, domain.CodeInvalidInput, "database_url unknown"},
		"an unknown name, to reset": {map[string]*string{"database_url": nil}, 0, domain.CodeInvalidInput, "database_url unknown"},
		"all that is wrong":         {map[string]*string{"zone": to("x"), "lifetime": to("bad"), "database_url": nil}, 7, domain.CodeInvalidInput, "database_url unknown, zone unknown, lifetime invalid"},
		"a value of no use":         {map[string]*string{"attempts": to("3"), "lifetime": to("bad")}, 0, domain.CodeInvalidInput, "lifetime invalid"},
		"another version":           {map[string]*string{"attempts": to("3")}, 7, domain.CodeVersion, ""},
	} {
		s, store, _ := newSettings()
		_, err := s.Change(t.Context(), holder(scope.AdminSystem), c.changes, c.version)
		wantCode(t, err, c.code)
		var fields []string
		for _, field := range domain.AsError(err).Fields {
			fields = append(fields, field.Name+" "+field.Code)
		}
		if got := strings.Join(fields, ", "); got != c.fields {
			t.Errorf("%s: fields %s", name, got)
		}
		if store.saved > 0 || len(store.signals) > 0 {
			t.Errorf("%s was stored", name)
		}
	}
}

func TestSettingsReload(t *testing.T) {
	s, store, config := newSettings()
	store.stored.Overrides = map[string]string{"attempts": "7", "of a later version": "x"}
	if err := s.Reload(t.Context()); err != nil || config.used["attempts"] != "7" {
		t.Errorf("in force: %v, %v", config.used, err)
	}
	store.stored.Overrides["attempts"] = "bad"
	if err := s.Reload(t.Context()); !domain.HasCode(err, domain.CodeInvalidInput) {
		t.Errorf("got %v", err)
	}
	store.fail = domain.Unavailable(errors.New("away"), time.Second)
	if err := s.Reload(t.Context()); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("got %v", err)
	}
}
