package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.FormerPasswords = (*formerPasswords)(nil)
	_ outbound.PasswordHistory = (*PasswordHistory)(nil)
)

type formerPasswordRow struct {
	bun.BaseModel `bun:"table:password_history,alias:h"`

	ID           int64     `bun:"id,pk,autoincrement"` // in the order of replacement
	UserID       domain.ID `bun:"user_id"`
	PasswordHash string    `bun:"password_hash"`
	CreatedAt    time.Time `bun:"created_at"`
}

type formerPasswords struct{ *transaction }

func (r *formerPasswords) Add(ctx context.Context, userID domain.ID, passwordHash string, now time.Time, keep int) error {
	if _, err := r.exec(ctx, r.tx.NewInsert().Model(&formerPasswordRow{UserID: userID, PasswordHash: passwordHash, CreatedAt: now})); err != nil {
		return err
	}
	dropped := r.tx.NewDelete().Model((*formerPasswordRow)(nil)).Where("h.user_id = ?", userID)
	if keep > 0 {
		dropped = dropped.Where("h.id NOT IN (SELECT k.id FROM password_history AS k WHERE k.user_id = ? ORDER BY k.id DESC LIMIT ?)", userID, keep)
	}
	_, err := r.exec(ctx, dropped)
	return err
}

// PasswordHistory reads the hashes of former passwords.
type PasswordHistory struct{ db *DB }

// NewPasswordHistory makes the history of a store's passwords.
func NewPasswordHistory(db *DB) *PasswordHistory { return &PasswordHistory{db: db} }

// Recent implements the port. It decides about access, so it asks the primary.
func (h *PasswordHistory) Recent(ctx context.Context, userID domain.ID, limit int) ([]string, error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []formerPasswordRow
	err := h.db.read(ctx, func(ctx context.Context, on bun.Conn) error {
		return on.NewSelect().Model(&rows).Where("h.user_id = ?", userID).OrderExpr("h.id DESC").Limit(int64(limit)).Scan(ctx)
	})
	if err != nil {
		return nil, err
	}
	hashes := make([]string, len(rows))
	for i, row := range rows {
		hashes[i] = row.PasswordHash
	}
	return hashes, nil
}
