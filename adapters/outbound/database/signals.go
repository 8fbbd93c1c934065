package database

import (
	"context"
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

// Since implements the port. Marks are told by the clock that stamps signals,
// before they are read; whether one has expired, by the Clock port.
func (l *SignalLog) Since(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
	next, err := l.db.now(ctx)
	if err != nil {
		return nil, time.Time{}, translate(ctx, err)
	}
	var rows []signalRow
	query := l.db.reader.NewSelect().Model(&rows).Where("g.expires_at > ?", l.db.clock.Now()).OrderExpr("g.created_at, g.id")
	if !mark.IsZero() {
		query = query.Where("g.created_at > ?", mark.Add(-lookBack))
	}
	if err := query.Scan(ctx); err != nil {
		return nil, time.Time{}, translate(ctx, err)
	}
	found := make([]token.Signal, len(rows))
	for i, row := range rows {
		found[i] = token.Signal{Kind: token.SignalKind(row.Kind), ID: row.Subject, Before: utc(row.Before), ExpiresAt: utc(row.ExpiresAt)}
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
