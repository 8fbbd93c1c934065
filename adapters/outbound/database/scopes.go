package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.Scopes         = (*scopes)(nil)
	_ outbound.ScopeDirectory = (*ScopeDirectory)(nil)
)

type scopeRow struct {
	bun.BaseModel `bun:"table:scopes,alias:s"`

	ID          domain.ID `bun:"id,pk"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	Resource    string    `bun:"resource"`
	Version     int64     `bun:"version"`
	CreatedAt   time.Time `bun:"created_at"`
	UpdatedAt   time.Time `bun:"updated_at"`
}

const (
	selectScopes = `SELECT s.id, s.name, s.description, s.resource, s.version, s.created_at, s.updated_at FROM scopes AS s`
	selectScope  = selectScopes + ` WHERE s.name = $1`
)

func newScopeRow(s scope.Snapshot) *scopeRow {
	return &scopeRow{ID: s.ID, Name: string(s.Name), Description: s.Description, Resource: s.Resource,
		Version: s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt}
}

func (r *scopeRow) scope() *scope.Scope {
	return scope.Rehydrate(scope.Snapshot{
		ID: r.ID, Name: scope.Name(r.Name), Description: r.Description, Resource: r.Resource,
		Version: r.Version, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	})
}

type scopes struct{ *transaction }

func (r *scopes) Add(ctx context.Context, a *scope.Scope) error {
	if _, err := r.exec(ctx, r.tx.NewInsert().Model(newScopeRow(a.Snapshot()))); err != nil {
		return err
	}
	written(ctx, r.transaction, a)
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
	return row.scope(), nil
}

func (r *scopes) Save(ctx context.Context, a *scope.Scope) error {
	s := a.Snapshot()
	saved, err := r.exec(ctx, r.tx.NewUpdate().Model(newScopeRow(s)).Column("description", "version", "updated_at").WherePK().
		Where("s.version = ?", s.Revision))
	if err != nil {
		return err
	}
	if saved == 0 {
		if err := r.unchanged(ctx, "SELECT version FROM scopes WHERE id = $1", s.ID, s.Revision); err != nil {
			return err
		}
		return changedSince()
	}
	written(ctx, r.transaction, a)
	return nil
}

// Delete relies on the references alone: a look beforehand would miss a grant
// that commits after it.
func (r *scopes) Delete(ctx context.Context, a *scope.Scope) error {
	if err := r.remove(ctx, (*scopeRow)(nil), a.Snapshot().ID); err != nil {
		if isReferred(err) {
			return domain.Conflict(domain.CodeInUse, "a role or a client holds the scope").Because(err)
		}
		return err
	}
	collect(ctx, r.transaction, a)
	return nil
}

// ScopeDirectory reads scopes.
type ScopeDirectory struct{ db *DB }

// NewScopeDirectory makes the directory of a store's scopes.
func NewScopeDirectory(db *DB) *ScopeDirectory { return &ScopeDirectory{db: db} }

// ByName implements the port.
func (d *ScopeDirectory) ByName(ctx context.Context, name scope.Name) (*scope.Scope, error) {
	if err := findable(string(name)); err != nil {
		return nil, err
	}
	var row scopeRow
	if err := d.db.one(ctx, &row, selectScope, string(name)); err != nil {
		return nil, err
	}
	return row.scope(), nil
}

// List implements the port.
func (d *ScopeDirectory) List(ctx context.Context, page domain.Page) (domain.Listing[*scope.Scope], error) {
	var rows []scopeRow
	if err := d.db.pageByID(ctx, &rows, selectScopes, "s", page); err != nil {
		return domain.Listing[*scope.Scope]{}, err
	}
	return listing(rows, page, (*scopeRow).scope, func(s *scope.Scope) domain.ID { return s.Snapshot().ID }), nil
}
