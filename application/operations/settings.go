package operations

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Configuration is what this process was started with, and what of it can be
// set at run time.
type Configuration interface {
	// Values gives every setting that can be changed, as it is with the
	// overrides; those it does not know are another version's and left alone.
	// Values that break a rule: CodeInvalidInput with fields.
	Values(overrides map[string]string) (map[string]string, error)
	// Use puts settings in force on this instance; failures as Values.
	Use(overrides map[string]string) error
}

// Settings are changed at run time, on all instances.
type Settings struct {
	clock     outbound.Clock
	config    Configuration
	directory outbound.SettingsDirectory
	uow       outbound.UnitOfWork

	reload sync.Mutex // one at a time, so that an older reading never replaces a newer one
}

var _ inbound.Settings = (*Settings)(nil)

// NewSettings makes the service.
func NewSettings(clock outbound.Clock, config Configuration, directory outbound.SettingsDirectory, uow outbound.UnitOfWork) *Settings {
	return &Settings{clock: clock, config: config, directory: directory, uow: uow}
}

// Reload puts what is stored in force on this instance, or leaves what was.
func (s *Settings) Reload(ctx context.Context) error {
	s.reload.Lock()
	defer s.reload.Unlock()
	stored, err := s.directory.Settings(ctx)
	if err != nil {
		return err
	}
	return s.config.Use(stored.Snapshot().Overrides)
}

// Settings gives the settings.
func (s *Settings) Settings(ctx context.Context, caller inbound.Caller) (inbound.SettingsInForce, error) {
	if !caller.Can(scope.AdminSystem) {
		return inbound.SettingsInForce{}, inbound.InsufficientScope(scope.AdminSystem)
	}
	stored, err := s.directory.Settings(ctx)
	if err != nil {
		return inbound.SettingsInForce{}, err
	}
	return s.inForce(stored)
}

func (s *Settings) inForce(stored *domain.Settings) (inbound.SettingsInForce, error) {
	snapshot := stored.Snapshot()
	values, err := s.config.Values(snapshot.Overrides)
	if err != nil {
		return inbound.SettingsInForce{}, err
	}
	return inbound.SettingsInForce{Values: values, Overridden: slices.Sorted(maps.Keys(snapshot.Overrides)), Version: snapshot.Version}, nil
}

// Change sets settings, or back where a value is nil, and tells every instance.
func (s *Settings) Change(ctx context.Context, caller inbound.Caller, changes map[string]*string, ifVersion int64) (inbound.SettingsInForce, error) {
	if !caller.Can(scope.AdminSystem) {
		return inbound.SettingsInForce{}, inbound.InsufficientScope(scope.AdminSystem)
	}
	unknown, err := s.unknown(changes)
	if err != nil {
		return inbound.SettingsInForce{}, err
	}
	var after inbound.SettingsInForce
	err = s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		stored, err := r.Settings.Lock(ctx)
		if err != nil {
			return err
		}
		before, now := stored.Snapshot().Version, s.clock.Now()
		changed := stored.Change(changes, caller.Party(), now)
		after, err = s.inForce(stored)
		if err := domain.AllFields(domain.InvalidFields(unknown...), err); err != nil {
			return err
		}
		if err := domain.CheckVersion(ifVersion, before); err != nil || len(changed) == 0 {
			return err
		}
		if err := r.Settings.Save(ctx, stored); err != nil {
			return err
		}
		return r.Signals.Append(ctx, token.Signal{Kind: token.SignalSettingsChanged, ID: fmt.Sprint(after.Version), ExpiresAt: now.Add(time.Hour)})
	})
	if err != nil {
		return inbound.SettingsInForce{}, err
	}
	return after, nil
}

// maxUnknown bounds how many names are told that nobody knows.
const maxUnknown = 32

// unknown gives the names that can't be set at run time.
func (s *Settings) unknown(changes map[string]*string) ([]domain.Field, error) {
	settings, err := s.config.Values(nil)
	if err != nil {
		return nil, err
	}
	var fields []domain.Field
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if _, is := settings[name]; !is && len(fields) < maxUnknown {
			fields = append(fields, domain.Field{Name: name, Code: "unknown", Message: "is not known here, or not changed at run time"})
		}
	}
	return fields, nil
}
