package database

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
)

// link is a table that joins an owner to named things.
type link struct {
	table, owner string // user_roles, user_id
	target       string // role_id
	targets      string // roles
	unknown      func() *domain.Error
}

var (
	userRoles    = link{"user_roles", "user_id", "role_id", "roles", unknownRole}
	roleScopes   = link{"role_scopes", "role_id", "scope_id", "scopes", unknownScope}
	clientScopes = link{"service_client_scopes", "service_client_id", "scope_id", "scopes", unknownScope}
)

// resolve finds the ids of names and keeps them from being deleted. A name of
// nothing fails, before anything was written.
func (t *transaction) resolve(ctx context.Context, l link, names []string) ([]domain.ID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var ids []domain.ID
	err := t.tx.NewRaw("SELECT id FROM ? WHERE name IN (?) ORDER BY id"+t.db.dialect.keyShare(), bun.Ident(l.targets), bun.List(names)).Scan(ctx, &ids)
	if err != nil {
		return nil, t.fail(ctx, err)
	}
	if len(ids) != len(names) {
		return nil, l.unknown()
	}
	return ids, nil
}

// join makes ids the owner's, and no others; what it had keeps its time.
func (t *transaction) join(ctx context.Context, l link, owner domain.ID, ids []domain.ID, now time.Time) error {
	drop := t.tx.NewDelete().Table(l.table).Where("? = ?", bun.Ident(l.owner), owner)
	if len(ids) > 0 {
		drop = drop.Where("? NOT IN (?)", bun.Ident(l.target), bun.List(ids))
	}
	if _, err := t.exec(ctx, drop); err != nil {
		return err
	}
	for _, id := range ids {
		_, err := t.tx.NewRaw("INSERT INTO ? (?, ?, assigned_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			bun.Ident(l.table), bun.Ident(l.owner), bun.Ident(l.target), owner, id, now).Exec(ctx)
		if err != nil {
			return t.fail(ctx, err)
		}
	}
	return nil
}

// relink is join where what is stored is not already what is wanted.
func (t *transaction) relink(ctx context.Context, l link, owner domain.ID, linked string, names []string, now time.Time) error {
	if slices.Equal(words[string](linked), names) {
		return nil
	}
	ids, err := t.resolve(ctx, l, names)
	if err != nil {
		return err
	}
	return t.join(ctx, l, owner, ids, now)
}

// words splits a stored list; none is nil.
func words[T ~string](list string) []T {
	var out []T
	for word := range strings.FieldsSeq(list) {
		out = append(out, T(word))
	}
	slices.Sort(out)
	return out
}

// plain turns names into strings.
func plain[T ~string](names []T) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = string(name)
	}
	return out
}
