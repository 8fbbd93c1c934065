package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Scopes = (*scopes)(nil)

type scopeRow struct {
	bun.BaseModel `bun:"table:scopes,alias:s"`

	ID          domain.ID `bun:"id,pk"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	Resource    string    `bun:"resource"`
	CreatedAt   time.Time `bun:"created_at"`
	UpdatedAt   time.Time `bun:"updated_at"`
}

const selectScope = `SELECT s.id, s.name, s.description, s.resource, s.created_at, s.updated_at FROM scopes AS s WHERE s.name = $1`

type scopes struct{ *transaction }

func (r *scopes) Add(ctx context.Context, a *scope.Scope) error {
	s := a.Snapshot()
	row := &scopeRow{ID: s.ID, Name: string(s.Name), Description: s.Description, Resource: s.Resource, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt}
	if _, err := r.exec(ctx, r.tx.NewInsert().Model(row)); err != nil {
		return err
	}
	collect(ctx, r.transaction, a)
	return nil
}

func (r *scopes) Get(ctx context.Context, name scope.Name) (*scope.Scope, error) {
	if err := findable(string(name)); err != nil {
		return nil, err
	}
	var row scopeRow
	if err := r.one(ctx, &row, selectScope, string(name)); err != nil {
		return nil, err
	}
	return scope.Rehydrate(scope.Snapshot{
		ID: row.ID, Name: scope.Name(row.Name), Description: row.Description, Resource: row.Resource,
		CreatedAt: utc(row.CreatedAt), UpdatedAt: utc(row.UpdatedAt),
	}), nil
}
