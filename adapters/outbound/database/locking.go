package database

import "context"

// joined is a row that was read together with what other tables hold of it.
type joined interface {
	// coherent tells whether both are of one moment.
	coherent() bool
}

// locked reads a row and what belongs to it, and locks the row. When
// PostgreSQL had to wait for the lock, it gives the row as it stands now, but
// the subqueries as they stood when the statement began: the roles of before
// someone's change with the version of after. seen_version is read in the same
// old way and tells; the next statement sees one moment, as the lock is held.
func (t *transaction) locked(ctx context.Context, row joined, query string, args ...any) error {
	err := t.one(ctx, row, query, args...)
	if err == nil && !row.coherent() {
		err = t.one(ctx, row, query, args...)
	}
	return err
}

type versionRow struct {
	Version int64 `bun:"version"`
}

// unchanged tells why a save found no row: gone, or of another version than
// expected.
func (t *transaction) unchanged(ctx context.Context, query string, id any, expected int64) error {
	var row versionRow
	if err := t.one(ctx, &row, query, id); err != nil {
		return err
	}
	if row.Version != expected {
		return changedSince()
	}
	return nil
}
