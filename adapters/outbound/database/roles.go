package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.Roles         = (*roles)(nil)
	_ outbound.RoleDirectory = (*RoleDirectory)(nil)
)

type roleRow struct {
	bun.BaseModel `bun:"table:roles,alias:r"`

	ID          domain.ID `bun:"id,pk"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	Version     int64     `bun:"version"`
	CreatedAt   time.Time `bun:"created_at"`
	UpdatedAt   time.Time `bun:"updated_at"`

	Scopes      string `bun:"scopes,scanonly"`
	SeenVersion int64  `bun:"seen_version,scanonly"`
}

// scopesOfRole wants the id and a bracket; see rolesOfUser.
const scopesOfRole = `(SELECT string_agg(s.name, ' ') FROM role_scopes AS l JOIN scopes AS s ON s.id = l.scope_id WHERE l.role_id = `

const roleColumns = `r.id, r.name, r.description, r.version, r.created_at, r.updated_at,
       ` + scopesOfRole + `r.id) AS scopes`

const selectRole = `
SELECT ` + roleColumns + `,
       (SELECT v.version FROM roles AS v WHERE v.id = r.id) AS seen_version
FROM roles AS r WHERE r.name = $1`

func newRoleRow(s role.Snapshot) *roleRow {
	return &roleRow{ID: s.ID, Name: string(s.Name), Description: s.Description, Version: s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt}
}

func (r *roleRow) coherent() bool { return r.Version == r.SeenVersion }

func (r *roleRow) role() *role.Role {
	return role.Rehydrate(role.Snapshot{
		ID: r.ID, Name: role.Name(r.Name), Description: r.Description, Scopes: words[scope.Name](r.Scopes),
		Version: r.Version, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	})
}

type roles struct{ *transaction }

func (r *roles) Get(ctx context.Context, name role.Name) (*role.Role, error) {
	if err := findable(string(name)); err != nil {
		return nil, err
	}
	var row roleRow
	if err := r.locked(ctx, &row, selectRole+r.db.dialect.lock("r"), string(name)); err != nil {
		return nil, err
	}
	return row.role(), nil
}

func (r *roles) Add(ctx context.Context, a *role.Role) error {
	s := a.Snapshot()
	scopes, err := r.resolve(ctx, roleScopes, s.Scopes.Strings())
	if err != nil {
		return err
	}
	if _, err := r.exec(ctx, r.tx.NewInsert().Model(newRoleRow(s))); err != nil {
		return err
	}
	if err := r.join(ctx, roleScopes, s.ID, scopes, s.UpdatedAt); err != nil {
		return err
	}
	written(ctx, r.transaction, a)
	return nil
}

func (r *roles) Save(ctx context.Context, a *role.Role) error {
	s := a.Snapshot()
	row := newRoleRow(s)
	saved, err := r.exec(ctx, r.tx.NewUpdate().Model(row).ExcludeColumn("id", "created_at").WherePK().
		Where("r.version = ?", s.Revision).Returning(scopesOfRole+"?) AS scopes", s.ID))
	if err != nil {
		return err
	}
	if saved == 0 {
		if err := r.unchanged(ctx, "SELECT version FROM roles WHERE id = $1", s.ID, s.Revision); err != nil {
			return err
		}
		return changedSince()
	}
	if err := r.relink(ctx, roleScopes, s.ID, row.Scopes, s.Scopes.Strings(), s.UpdatedAt); err != nil {
		return err
	}
	written(ctx, r.transaction, a)
	return nil
}

func (r *roles) Delete(ctx context.Context, a *role.Role) error {
	if err := r.remove(ctx, (*roleRow)(nil), a.Snapshot().ID); err != nil {
		return err
	}
	collect(ctx, r.transaction, a)
	return nil
}

// RoleDirectory reads roles.
type RoleDirectory struct{ db *DB }

// NewRoleDirectory makes the directory of a store's roles.
func NewRoleDirectory(db *DB) *RoleDirectory { return &RoleDirectory{db: db} }

// ByName implements the port.
func (d *RoleDirectory) ByName(ctx context.Context, name role.Name) (*role.Role, error) {
	if err := findable(string(name)); err != nil {
		return nil, err
	}
	var row roleRow
	if err := d.db.one(ctx, &row, selectRole, string(name)); err != nil {
		return nil, err
	}
	return row.role(), nil
}

// List implements the port.
func (d *RoleDirectory) List(ctx context.Context, page domain.Page) (domain.Listing[*role.Role], error) {
	var rows []roleRow
	if err := d.db.pageByID(ctx, &rows, "SELECT "+roleColumns+" FROM roles AS r", "r", page); err != nil {
		return domain.Listing[*role.Role]{}, err
	}
	return listing(rows, page, (*roleRow).role, func(r *role.Role) domain.ID { return r.Snapshot().ID }), nil
}
