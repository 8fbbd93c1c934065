package database

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.Signals   = (*signals)(nil)
	_ outbound.SignalLog = (*SignalLog)(nil)
)

// lookBack covers what was stamped before a mark and committed after it.
const lookBack = 5 * time.Second

type signalRow struct {
	bun.BaseModel `bun:"table:signals,alias:g"`

	ID        int64     `bun:"id,pk,autoincrement"`
	Kind      string    `bun:"kind"`
	Subject   string    `bun:"subject"`
	Before    time.Time `bun:"before,nullzero"`
	ExpiresAt time.Time `bun:"expires_at"`
	CreatedAt time.Time `bun:"created_at,nullzero,default:clock_timestamp()"`
}

type signals struct{ *transaction }

func (r *signals) Append(_ context.Context, signals ...token.Signal) error {
	for _, s := range signals {
		row := signalRow{Kind: string(s.Kind), Subject: s.ID, Before: s.Before, ExpiresAt: s.ExpiresAt}
		if r.db.dialect == sqlite {
			row.CreatedAt = r.db.clock.Now() // no server to stamp it
		}
		r.transaction.signals = append(r.transaction.signals, row)
	}
	return nil
}

// SignalLog reads signals.
type SignalLog struct{ db *DB }

// NewSignalLog makes the signal log of a store.
func NewSignalLog(db *DB) *SignalLog { return &SignalLog{db: db} }

// since asks for the signals and for the time of asking by the clock that stamps
// them, which comes alone where there are none. On SQLite that is the machine's,
// and none is told.
const since = `SELECT %s AS told, g.kind, g.subject, g."before", g.expires_at FROM (SELECT 1 AS one) AS o
	LEFT JOIN signals AS g ON g.expires_at > ? AND g.created_at > ? ORDER BY g.created_at, g.id`

// Since implements the port. Marks are told by the clock that stamps signals,
// before they are read; whether one has expired, by the Clock port.
func (l *SignalLog) Since(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
	next, told := l.db.clock.Now(), "NULL"
	if l.db.dialect == postgres {
		told = "statement_timestamp()" // all instances share the server's
	}
	after := time.Unix(0, 0).UTC()
	if !mark.IsZero() {
		after = mark.Add(-lookBack)
	}
	var rows []struct {
		Told          time.Time `bun:"told"`
		Kind, Subject string
		Before        time.Time `bun:"before"`
		ExpiresAt     time.Time `bun:"expires_at"`
	}
	if err := l.db.watcher.NewRaw(fmt.Sprintf(since, told), next, after).Scan(ctx, &rows); err != nil {
		return nil, time.Time{}, translate(ctx, err)
	}
	found := make([]token.Signal, 0, len(rows))
	for _, row := range rows {
		if !row.Told.IsZero() {
			next = row.Told.UTC()
		}
		if row.Kind != "" {
			found = append(found, token.Signal{Kind: token.SignalKind(row.Kind), ID: row.Subject, Before: utc(row.Before), ExpiresAt: utc(row.ExpiresAt)})
		}
	}
	return found, next, nil
}

// Prune implements the port. Rows that another instance is deleting are left
// to it.
func (l *SignalLog) Prune(ctx context.Context, now time.Time, limit int) (int, error) {
	skip := ""
	if l.db.dialect == postgres {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	result, err := l.db.writer.NewRaw("DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE expires_at < ? ORDER BY expires_at LIMIT ?"+skip+")",
		now, limit).Exec(ctx)
	if err != nil {
		return 0, translate(ctx, err)
	}
	pruned, err := result.RowsAffected()
	return int(pruned), translate(ctx, err)
}
