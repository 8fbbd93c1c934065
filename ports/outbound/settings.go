package outbound

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
)

// Settings stores what was set at run time.
type Settings interface {
	// Lock gives the settings and makes every other unit of work that asks the
	// same wait for the end of this one.
	Lock(ctx context.Context) (*domain.Settings, error)
	// Save stores changed settings. Changed by someone else since they were
	// read: KindConflict with CodeConflict.
	Save(ctx context.Context, s *domain.Settings) error
}

// SettingsDirectory reads the settings outside a unit of work, on the primary.
type SettingsDirectory interface {
	// Settings gives them; version 1 where nothing was ever set.
	Settings(ctx context.Context) (*domain.Settings, error)
}
