package database

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Principals = (*Principals)(nil)

// Principals reads what access decisions are made from.
type Principals struct {
	one func(ctx context.Context, dest any, query string, args ...any) error
}

// NewPrincipals makes the principals of a store.
func NewPrincipals(db *DB) *Principals { return &Principals{one: db.one} }

type principalRow struct {
	Username    string `bun:"username"`
	IsActive    bool   `bun:"is_active"`
	IsSuperuser bool   `bun:"is_superuser"`
	Roles       string `bun:"roles"`
	Scopes      string `bun:"scopes"`
}

const selectPrincipal = `
SELECT u.username, u.is_active, u.is_superuser,
       ` + rolesOfUser + `u.id) AS roles,
       CASE WHEN u.is_superuser THEN (SELECT string_agg(s.name, ' ') FROM scopes AS s)
            ELSE (SELECT string_agg(s.name, ' ')
                  FROM user_roles AS l JOIN role_scopes AS h ON h.role_id = l.role_id JOIN scopes AS s ON s.id = h.scope_id
                  WHERE l.user_id = u.id) END AS scopes
FROM users AS u WHERE u.id = $1`

// User implements the port.
func (p *Principals) User(ctx context.Context, id domain.ID) (token.Principal, error) {
	var row principalRow
	if err := p.one(ctx, &row, selectPrincipal, id); err != nil {
		return token.Principal{}, err
	}
	return token.Principal{
		Kind: domain.PartyUser, ID: id.String(), Name: row.Username, Active: row.IsActive, IsSuperuser: row.IsSuperuser,
		Roles: words[string](row.Roles), Scopes: scope.NewSet(words[scope.Name](row.Scopes)...),
	}, nil
}
