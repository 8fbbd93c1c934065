package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.AuditSeals = (*AuditSeals)(nil)

type sealRow struct {
	bun.BaseModel `bun:"table:audit_seals,alias:s"`

	Number     int64     `bun:"number,pk"`
	Last       int64     `bun:"last"`
	Count      int       `bun:"count"`
	Until      time.Time `bun:"until,nullzero"`
	MAC        []byte    `bun:"mac"`
	Checkpoint []byte    `bun:"checkpoint,nullzero"`
}

func newSealRow(s domain.Seal) *sealRow {
	return &sealRow{Number: s.Number, Last: s.Last, Count: s.Count, Until: s.Until, MAC: s.MAC, Checkpoint: s.Checkpoint}
}

func (r sealRow) seal() domain.Seal {
	return domain.Seal{Number: r.Number, Last: r.Last, Count: r.Count, Until: utc(r.Until), MAC: r.MAC, Checkpoint: r.Checkpoint}
}

// AuditSeals keeps the seals.
type AuditSeals struct{ db *DB }

// NewAuditSeals makes the seals of a store.
func NewAuditSeals(db *DB) *AuditSeals { return &AuditSeals{db: db} }

// Newest implements the port.
func (a *AuditSeals) Newest(ctx context.Context) (domain.Seal, int64, error) {
	var rows []sealRow
	if err := a.db.reader.NewSelect().Model(&rows).OrderExpr("s.number DESC").Limit(1).Scan(ctx); err != nil {
		return domain.Seal{}, 0, translate(ctx, err)
	}
	var highest int64
	if err := a.db.reader.NewSelect().Model((*eventRow)(nil)).ColumnExpr("coalesce(max(e.seq), 0)").Scan(ctx, &highest); err != nil {
		return domain.Seal{}, 0, translate(ctx, err)
	}
	if len(rows) == 0 {
		return domain.Seal{}, highest, nil
	}
	return rows[0].seal(), highest, nil
}

// Records implements the port.
func (a *AuditSeals) Records(ctx context.Context, after, upTo int64, limit int) ([]domain.StoredRecord, error) {
	var rows []eventRow
	err := a.db.reader.NewSelect().Model(&rows).Where("e.seq > ?", after).Where("e.seq <= ?", upTo).OrderExpr("e.seq").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, translate(ctx, err)
	}
	found := make([]domain.StoredRecord, len(rows))
	for i, row := range rows {
		found[i] = domain.StoredRecord{Place: row.Seq, AuditRecord: row.record()}
	}
	return found, nil
}

// Add implements the port.
func (a *AuditSeals) Add(ctx context.Context, s domain.Seal) error {
	_, err := a.db.writer.NewInsert().Model(newSealRow(s)).Exec(ctx)
	return translate(ctx, err)
}

// Seals implements the port.
func (a *AuditSeals) Seals(ctx context.Context, after int64, limit int) ([]domain.Seal, error) {
	var rows []sealRow
	if err := a.db.reader.NewSelect().Model(&rows).Where("s.number > ?", after).OrderExpr("s.number").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, translate(ctx, err)
	}
	found := make([]domain.Seal, len(rows))
	for i, row := range rows {
		found[i] = row.seal()
	}
	return found, nil
}

// Cut implements the port.
func (a *AuditSeals) Cut(ctx context.Context, checkpoint domain.Seal) error {
	return a.db.persist(ctx, func() (bool, error) {
		return a.db.transact(ctx, func(ctx context.Context, t *transaction) error {
			kept, err := t.exec(ctx, t.tx.NewUpdate().Model(newSealRow(checkpoint)).Column("checkpoint").WherePK())
			if err != nil || kept == 0 {
				return err // another instance cut further
			}
			_, err = t.exec(ctx, t.tx.NewDelete().Model((*sealRow)(nil)).Where("number < ?", checkpoint.Number))
			return err
		})
	})
}

// Sweep implements the port.
func (a *AuditSeals) Sweep(ctx context.Context, upTo int64, before time.Time, limit int) (int, error) {
	return (&Housekeeping{db: a.db}).sweep(ctx, "events", "seq", "occurred_at < $1 AND seq <= $3", before, limit, upTo)
}
