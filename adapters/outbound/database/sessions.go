package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Sessions = (*sessions)(nil)

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	ID        domain.ID `bun:"id,pk"`
	UserID    domain.ID `bun:"user_id"`
	ClientID  string    `bun:"client_id"`
	Address   string    `bun:"address"`
	UserAgent string    `bun:"user_agent"`
	CreatedAt time.Time `bun:"created_at"`
	ExpiresAt time.Time `bun:"expires_at"`
	EndedAt   time.Time `bun:"ended_at,nullzero"`
	EndReason string    `bun:"end_reason"`
}

const selectSession = `
SELECT s.id, s.user_id, s.client_id, s.address, s.user_agent, s.created_at, s.expires_at, s.ended_at, s.end_reason
FROM sessions AS s WHERE `

func newSessionRow(s token.SessionSnapshot) *sessionRow {
	return &sessionRow{
		ID: s.ID, UserID: s.UserID, ClientID: s.ClientID, Address: storable(s.Address), UserAgent: storable(s.UserAgent),
		CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, EndedAt: s.EndedAt, EndReason: string(s.EndReason),
	}
}

func (r *sessionRow) session() *token.Session {
	return token.RehydrateSession(token.SessionSnapshot{
		ID: r.ID, UserID: r.UserID, ClientID: r.ClientID, Address: r.Address, UserAgent: r.UserAgent,
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt), EndedAt: utc(r.EndedAt), EndReason: token.EndReason(r.EndReason),
	})
}

type sessions struct{ *transaction }

func (r *sessions) Add(ctx context.Context, s *token.Session) error {
	if _, err := r.exec(ctx, r.tx.NewInsert().Model(newSessionRow(s.Snapshot()))); err != nil {
		return err
	}
	collect(ctx, r.transaction, s)
	return nil
}

func (r *sessions) Get(ctx context.Context, id domain.ID) (*token.Session, error) {
	var row sessionRow
	if err := r.one(ctx, &row, selectSession+"s.id = $1"+r.db.dialect.lock("s"), id); err != nil {
		return nil, err
	}
	return row.session(), nil
}

func (r *sessions) Alive(ctx context.Context, userID domain.ID, now time.Time) ([]*token.Session, error) {
	var rows []sessionRow
	err := r.tx.NewRaw(selectSession+"s.user_id = ? AND s.ended_at IS NULL AND s.expires_at > ? ORDER BY s.created_at DESC, s.id DESC"+r.db.dialect.lock("s"),
		userID, now).Scan(ctx, &rows)
	if err != nil {
		return nil, r.fail(ctx, err)
	}
	alive := make([]*token.Session, len(rows))
	for i := range rows {
		alive[i] = rows[i].session()
	}
	return alive, nil
}

func (r *sessions) Save(ctx context.Context, s *token.Session) error {
	row := newSessionRow(s.Snapshot())
	saved, err := r.exec(ctx, r.tx.NewUpdate().Model(row).Column("expires_at", "ended_at", "end_reason").WherePK())
	if err != nil {
		return err
	}
	if saved == 0 {
		return domain.NotFound("there is no such session")
	}
	if !row.EndedAt.IsZero() {
		_, err := r.exec(ctx, r.tx.NewUpdate().Model((*refreshRow)(nil)).Set("is_revoked = TRUE").Where("session_id = ?", row.ID).Where("NOT is_revoked"))
		if err != nil {
			return err
		}
	}
	collect(ctx, r.transaction, s)
	return nil
}

func (r *sessions) EndThrough(ctx context.Context, clientID string, reason token.EndReason, now time.Time) (int, error) {
	ended, err := r.exec(ctx, r.tx.NewUpdate().Model((*sessionRow)(nil)).Set("ended_at = ?", now).Set("end_reason = ?", string(reason)).
		Where("client_id = ?", clientID).Where("ended_at IS NULL").Where("expires_at > ?", now))
	if err != nil || ended == 0 {
		return int(ended), err
	}
	_, err = r.exec(ctx, r.tx.NewUpdate().Model((*refreshRow)(nil)).Set("is_revoked = TRUE").Where("NOT is_revoked").
		Where("session_id IN (SELECT id FROM sessions WHERE client_id = ? AND ended_at = ?)", clientID, now))
	return int(ended), err
}
