package jobs

import (
	"context"
	"database/sql"
	"time"
)

// Backlog is what waits to be run.
type Backlog struct {
	Pending int           // jobs that are not done yet, waiting ones and those that failed and will be tried again
	Oldest  time.Duration // since when the oldest of them waits
}

// Measure counts the jobs of a store that are not done.
func Measure(ctx context.Context, pool *sql.DB, now time.Time) (Backlog, error) {
	const query = `SELECT created_at FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') ORDER BY created_at`
	rows, err := pool.QueryContext(ctx, `SELECT count(*) FROM (`+query+`) AS waiting`)
	if err != nil {
		return Backlog{}, err
	}
	var b Backlog
	if err := scanOne(rows, &b.Pending); err != nil || b.Pending == 0 {
		return b, err
	}
	if rows, err = pool.QueryContext(ctx, query+" LIMIT 1"); err != nil {
		return Backlog{}, err
	}
	var since time.Time
	if err := scanOne(rows, &since); err != nil {
		return Backlog{}, err
	}
	if !since.IsZero() {
		b.Oldest = max(0, now.Sub(since))
	}
	return b, nil
}

// scanOne reads one value, where there is a row, and closes the rows.
func scanOne(rows *sql.Rows, into any) error {
	defer rows.Close() //nolint:errcheck // Err tells
	if rows.Next() {
		if err := rows.Scan(into); err != nil {
			return err
		}
	}
	return rows.Err()
}
