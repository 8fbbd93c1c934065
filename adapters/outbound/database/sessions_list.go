package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.SessionList = (*SessionList)(nil)

// SessionList reads sessions in parts.
type SessionList struct{ db *DB }

// NewSessionList makes the list of a store's sessions.
func NewSessionList(db *DB) *SessionList { return &SessionList{db: db} }

type livingRow struct {
	sessionRow `bun:",extend"`

	LastUsedAt time.Time `bun:"last_used_at,scanonly,nullzero"`
}

// lastUse is when the newest link of the session's chain was made.
const lastUse = "(SELECT t.created_at FROM refresh_tokens AS t WHERE t.session_id = s.id ORDER BY t.created_at DESC LIMIT 1) AS last_used_at"

// Alive implements the port. Ids are made in the order of time.
func (l *SessionList) Alive(ctx context.Context, userID domain.ID, now time.Time, page domain.Page) (domain.Listing[outbound.LivingSession], error) {
	var rows []livingRow
	query := l.db.reader.NewSelect().Model(&rows).ColumnExpr("s.*").ColumnExpr(lastUse).
		Where("s.user_id = ?", userID).Where("s.ended_at IS NULL").Where("s.expires_at > ?", now).OrderExpr("s.id DESC").Limit(int64(page.Limit) + 1)
	if page.After != "" {
		before, err := domain.ParseID(page.After)
		if err != nil {
			return domain.Listing[outbound.LivingSession]{}, domain.InvalidCursor()
		}
		query = query.Where("s.id < ?", before)
	}
	if err := l.db.list(ctx, func(ctx context.Context, on bun.Conn) error { return query.Conn(on).Scan(ctx) }); err != nil {
		return domain.Listing[outbound.LivingSession]{}, err
	}
	found := make([]outbound.LivingSession, len(rows))
	for i := range rows {
		found[i] = rows[i].living()
	}
	return domain.PageOf(found, page.Limit, func(s outbound.LivingSession) string { return s.ID.String() }), nil
}

func (r *livingRow) living() outbound.LivingSession {
	s := outbound.LivingSession{SessionSnapshot: r.session().Snapshot(), LastUsedAt: utc(r.LastUsedAt)}
	if s.LastUsedAt.IsZero() {
		s.LastUsedAt = s.CreatedAt
	}
	return s
}
