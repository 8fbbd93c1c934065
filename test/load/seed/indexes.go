package seed

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/keystone-auth/keystone/domain"
)

type secret = domain.Secret

// structure gives the statements that drop the indexes and constraints of
// tables, and those that make them again. Primary keys stay: they are few, and
// foreign keys need them.
const structure = `
SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname),
       'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid),
       CASE contype WHEN 'f' THEN 0 ELSE 1 END AS place
FROM pg_constraint WHERE conrelid = ANY($1::text[]::regclass[]) AND contype IN ('f', 'u')
UNION ALL
SELECT 'DROP INDEX ' || indexrelid::regclass, pg_get_indexdef(indexrelid), 2
FROM pg_index AS i WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT indisprimary
  AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid AND c.contype = 'u')
ORDER BY place`

// withoutIndexes does something while the tables have no indexes but their
// primary keys.
func withoutIndexes(ctx context.Context, c *pgx.Conn, tables []string, do func() error) error {
	rows, err := c.Query(ctx, structure, tables)
	if err != nil {
		return err
	}
	type change struct{ Drop, Create string }
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (change, error) {
		var one change
		var place int
		err := row.Scan(&one.Drop, &one.Create, &place)
		return one, err
	})
	if err != nil {
		return err
	}
	for _, one := range changes {
		if _, err := c.Exec(ctx, one.Drop); err != nil {
			return fmt.Errorf("%s: %w", one.Drop, err)
		}
	}
	if err := do(); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "SET maintenance_work_mem = '1GB'"); err != nil {
		return err
	}
	slices.Reverse(changes) // foreign keys last
	for _, one := range changes {
		if _, err := c.Exec(ctx, one.Create); err != nil {
			return fmt.Errorf("%s: %w", one.Create, err)
		}
	}
	return nil
}
