package database

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
)

// pageByID reads the rows of a page and, where there is one, the row after it.
// Ids are version 7 UUIDs, so their order is that of making, and never changes.
func (db *DB) pageByID(ctx context.Context, rows any, query, alias string, page domain.Page) error {
	args := []any{}
	if page.After != "" {
		after, err := domain.ParseID(page.After)
		if err != nil {
			return domain.InvalidCursor()
		}
		query += " WHERE ?.id > ?"
		args = append(args, bun.Ident(alias), after)
	}
	query += " ORDER BY ?.id LIMIT ?"
	args = append(args, bun.Ident(alias), page.Limit+1)
	return db.list(ctx, func(ctx context.Context, on bun.Conn) error { return on.NewRaw(query, args...).Scan(ctx, rows) })
}

// listing makes a page of its rows.
func listing[R, T any](rows []R, page domain.Page, make func(*R) T, id func(T) domain.ID) domain.Listing[T] {
	var found []T
	for i := range rows {
		found = append(found, make(&rows[i]))
	}
	return domain.PageOf(found, page.Limit, func(item T) string { return id(item).String() })
}

// remove deletes the row of an aggregate; what it had is deleted with it, and
// what refers to it keeps it.
func (t *transaction) remove(ctx context.Context, model any, id domain.ID) error {
	removed, err := t.exec(ctx, t.tx.NewDelete().Model(model).Where("id = ?", id))
	if err == nil && removed == 0 {
		err = domain.NotFound("there is no such thing")
	}
	return err
}
