package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var (
	_ outbound.RefreshTokens    = (*refreshTokens)(nil)
	_ outbound.RefreshDirectory = (*RefreshDirectory)(nil)
)

type refreshRow struct {
	bun.BaseModel `bun:"table:refresh_tokens,alias:t"`

	ID           domain.ID `bun:"id,pk"`
	Digest       string    `bun:"jti"`
	SessionID    domain.ID `bun:"session_id"`
	UserID       domain.ID `bun:"user_id"`
	ClientID     string    `bun:"client_id"`
	Scope        string    `bun:"scope"`
	ExpiresAt    time.Time `bun:"expires_at"`
	IsRevoked    bool      `bun:"is_revoked"`
	IsUsed       bool      `bun:"is_used"`
	CreatedAt    time.Time `bun:"created_at"`
	UsedAt       time.Time `bun:"used_at,nullzero"`
	SuccessorKey string    `bun:"successor_key"`
}

const refreshColumns = `t.id, t.jti, t.session_id, t.user_id, t.client_id, t.scope, t.expires_at, t.is_revoked, t.is_used,
       t.created_at, t.used_at, t.successor_key`

const selectRefresh = `
SELECT ` + refreshColumns + `
FROM refresh_tokens AS t WHERE t.jti = $1`

func newRefreshRow(s token.RefreshSnapshot) *refreshRow {
	return &refreshRow{
		ID: s.ID, Digest: string(s.Digest), SessionID: s.SessionID, UserID: s.UserID, ClientID: s.ClientID, Scope: s.Scope.String(),
		ExpiresAt: s.ExpiresAt, IsRevoked: s.IsRevoked, IsUsed: s.IsUsed, CreatedAt: s.CreatedAt, UsedAt: s.UsedAt, SuccessorKey: s.SuccessorKey,
	}
}

func (r *refreshRow) token() *token.RefreshToken {
	return token.RehydrateRefresh(token.RefreshSnapshot{
		ID: r.ID, Digest: token.Digest(r.Digest), SessionID: r.SessionID, UserID: r.UserID, ClientID: r.ClientID,
		Scope: words[scope.Name](r.Scope), ExpiresAt: utc(r.ExpiresAt), IsRevoked: r.IsRevoked, IsUsed: r.IsUsed,
		CreatedAt: utc(r.CreatedAt), UsedAt: utc(r.UsedAt), SuccessorKey: r.SuccessorKey,
	})
}

type refreshTokens struct{ *transaction }

func (r *refreshTokens) Add(ctx context.Context, t *token.RefreshToken) error {
	_, err := r.exec(ctx, r.tx.NewInsert().Model(newRefreshRow(t.Snapshot())))
	return err
}

func (r *refreshTokens) Get(ctx context.Context, digest token.Digest) (*token.RefreshToken, error) {
	if err := findable(string(digest)); err != nil {
		return nil, err
	}
	var row refreshRow
	if err := r.one(ctx, &row, selectRefresh+r.db.dialect.lock("t"), string(digest)); err != nil {
		return nil, err
	}
	return row.token(), nil
}

func (r *refreshTokens) Save(ctx context.Context, t *token.RefreshToken) error {
	saved, err := r.exec(ctx, r.tx.NewUpdate().Model(newRefreshRow(t.Snapshot())).
		Column("is_revoked", "is_used", "used_at", "successor_key").WherePK())
	if err == nil && saved == 0 {
		return domain.NotFound("there is no such refresh token")
	}
	return err
}

// RefreshDirectory finds refresh tokens.
type RefreshDirectory struct{ db *DB }

// NewRefreshDirectory makes the directory of a store's refresh tokens.
func NewRefreshDirectory(db *DB) *RefreshDirectory { return &RefreshDirectory{db: db} }

type refreshWithSession struct {
	refreshRow `bun:",extend"`

	Session sessionRow `bun:"embed:of_"`
}

const selectRefreshWithSession = `
SELECT ` + refreshColumns + `,
       s.id AS of_id, s.user_id AS of_user_id, s.client_id AS of_client_id, s.address AS of_address, s.user_agent AS of_user_agent,
       s.created_at AS of_created_at, s.expires_at AS of_expires_at, s.ended_at AS of_ended_at, s.end_reason AS of_end_reason
FROM refresh_tokens AS t JOIN sessions AS s ON s.id = t.session_id WHERE t.jti = $1`

// ByDigest implements the port.
func (d *RefreshDirectory) ByDigest(ctx context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
	if err := findable(string(digest)); err != nil {
		return nil, nil, err
	}
	var row refreshWithSession
	if err := d.db.one(ctx, &row, selectRefreshWithSession, string(digest)); err != nil {
		return nil, nil, err
	}
	return row.token(), row.Session.session(), nil
}
