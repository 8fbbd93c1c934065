package database

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Vault = (*Vault)(nil)

type vaultRow struct {
	bun.BaseModel `bun:"table:vault,alias:v"`

	Name   string `bun:"name,pk"`
	Sealed []byte `bun:"sealed"`
}

// Vault keeps sealed things.
type Vault struct{ db *DB }

// NewVault makes the vault of a store.
func NewVault(db *DB) *Vault { return &Vault{db: db} }

// Keep implements the port.
func (v *Vault) Keep(ctx context.Context, name string, proposed []byte) ([]byte, error) {
	found, err := v.find(ctx, name)
	if !domain.HasCode(err, domain.CodeNotFound) {
		return found, err
	}
	row := &vaultRow{Name: name, Sealed: proposed}
	if _, err := v.db.writer.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return nil, translate(ctx, err)
	}
	return v.find(ctx, name)
}

// Replace implements the port.
func (v *Vault) Replace(ctx context.Context, name string, sealed []byte) error {
	row := &vaultRow{Name: name, Sealed: sealed}
	result, err := v.db.writer.NewUpdate().Model(row).WherePK().Exec(ctx)
	if err != nil {
		return translate(ctx, err)
	}
	replaced, err := result.RowsAffected()
	if err == nil && replaced == 0 {
		return domain.NotFound("nothing is kept under this name")
	}
	return translate(ctx, err)
}

func (v *Vault) find(ctx context.Context, name string) ([]byte, error) {
	var row vaultRow
	if err := v.db.one(ctx, &row, "SELECT v.sealed FROM vault AS v WHERE v.name = $1", name); err != nil {
		return nil, err
	}
	return row.Sealed, nil
}
