package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.Settings          = (*settings)(nil)
	_ outbound.SettingsDirectory = (*SettingsDirectory)(nil)
)

type settingRow struct {
	bun.BaseModel `bun:"table:settings,alias:o"`

	Name      string    `bun:"name,pk"`
	Value     *string   `bun:"value"`
	Version   int64     `bun:"version"`
	UpdatedAt time.Time `bun:"updated_at"`
}

// storedSettings reads all settings.
func storedSettings(ctx context.Context, on bun.IDB) (*domain.Settings, error) {
	var rows []settingRow
	if err := on.NewSelect().Model(&rows).OrderExpr("o.name").Scan(ctx); err != nil {
		return nil, err
	}
	s := domain.SettingsSnapshot{Overrides: map[string]string{}, Version: 1}
	for _, row := range rows {
		s.Version = max(s.Version, row.Version)
		if row.Value != nil {
			s.Overrides[row.Name] = *row.Value
		}
	}
	return domain.RehydrateSettings(s), nil
}

type settings struct{ *transaction }

func (r *settings) Lock(ctx context.Context) (*domain.Settings, error) {
	if err := r.db.dialect.advise(ctx, r.tx, lockSettings, ""); err != nil {
		return nil, r.fail(ctx, err)
	}
	found, err := storedSettings(ctx, r.tx)
	return found, r.fail(ctx, err)
}

func (r *settings) Save(ctx context.Context, s *domain.Settings) error {
	stored, err := r.Lock(ctx)
	if err != nil {
		return err
	}
	before, next := stored.Snapshot(), s.Snapshot()
	if before.Version != next.Revision {
		return changedSince()
	}
	for _, row := range changedSettings(before, next) {
		row.Version, row.UpdatedAt = next.Version, r.db.clock.Now()
		_, err := r.exec(ctx, r.tx.NewInsert().Model(&row).
			On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value").Set("version = EXCLUDED.version").Set("updated_at = EXCLUDED.updated_at"))
		if err != nil {
			return err
		}
	}
	written(ctx, r.transaction, s)
	return nil
}

// changedSettings gives the rows that make after of before.
func changedSettings(before, after domain.SettingsSnapshot) []settingRow {
	var rows []settingRow
	for name, value := range after.Overrides {
		if was, overridden := before.Overrides[name]; !overridden || was != value {
			rows = append(rows, settingRow{Name: name, Value: &value})
		}
	}
	for name := range before.Overrides {
		if _, overridden := after.Overrides[name]; !overridden {
			rows = append(rows, settingRow{Name: name})
		}
	}
	return rows
}

// SettingsDirectory reads the settings.
type SettingsDirectory struct{ db *DB }

// NewSettingsDirectory makes the directory of a store's settings.
func NewSettingsDirectory(db *DB) *SettingsDirectory { return &SettingsDirectory{db: db} }

// Settings implements the port.
func (d *SettingsDirectory) Settings(ctx context.Context) (*domain.Settings, error) {
	var found *domain.Settings
	err := d.db.read(ctx, func(ctx context.Context, on bun.Conn) (err error) {
		found, err = storedSettings(ctx, on)
		return err
	})
	return found, err
}
