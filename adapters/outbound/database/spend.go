package database

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.RefreshSpender = (*RefreshSpender)(nil)

// RefreshSpender spends refresh tokens.
type RefreshSpender struct{ db *DB }

// NewRefreshSpender makes the spender of a store.
func NewRefreshSpender(db *DB) *RefreshSpender { return &RefreshSpender{db: db} }

// Spend implements the port.
func (r *RefreshSpender) Spend(ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
	if findable(string(s.Presented)) != nil || findable(s.ClientID) != nil {
		return outbound.Spent{}, token.NotSpendable()
	}
	var spent outbound.Spent
	err := r.db.persist(ctx, func() (conflict bool, err error) {
		if r.db.dialect == sqlite {
			return r.db.transact(ctx, func(ctx context.Context, t *transaction) error {
				spent, err = t.spend(ctx, s)
				return err
			})
		}
		spent, err = r.db.spendAtOnce(ctx, s)
		if err != nil && ctx.Err() == nil && isConflict(err) {
			return true, err
		}
		return false, translate(ctx, err)
	})
	return spent, err
}

type spentRow struct {
	SessionID   domain.ID `bun:"session_id"`
	SessionEnds time.Time `bun:"session_ends"`
	UserID      domain.ID `bun:"user_id"`
	Scope       string    `bun:"scope"`
}

// spendAll is token.RefreshToken.Spend in SQL, with the event. Who waited for
// another's UPDATE of the same token has the condition looked at again when
// that commits, so that one wins. The session is not locked: ending it
// meanwhile leaves a successor that is dead with its session.
const spendAll = `
WITH spent AS (
    UPDATE refresh_tokens AS t SET is_used = TRUE, used_at = $3, successor_key = $4
    FROM sessions AS s JOIN users AS u ON u.id = s.user_id
    WHERE t.jti = $1 AND t.client_id = $2 AND NOT t.is_used AND NOT t.is_revoked AND t.expires_at > $3
      AND s.id = t.session_id AND s.ended_at IS NULL AND s.expires_at > $3 AND u.is_active
    RETURNING t.session_id, t.user_id, t.client_id, t.scope, s.expires_at AS session_ends, u.username
), successor AS (
    INSERT INTO refresh_tokens (id, jti, session_id, user_id, client_id, scope, expires_at, created_at)
    SELECT $5::uuid, $6::text, session_id, user_id, client_id, scope, least($7, session_ends), $3 FROM spent
), event AS (
    INSERT INTO events (id, type, outcome, actor_kind, actor_id, subject_kind, subject_id, subject_name, address, user_agent, request_id, occurred_at)
    SELECT $8::uuid, $9::text, $10::text, $11::text, client_id, $12::text, user_id::text, username, $13::text, $14::text, $15::text, $3 FROM spent
)
SELECT session_id, session_ends, user_id, scope FROM spent`

func (db *DB) spendAtOnce(ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
	e := db.eventRow(ctx, refreshed(s.ClientID, domain.Party{}, s.Now))
	var row spentRow
	err := db.returning(ctx, &row, spendAll, string(s.Presented), s.ClientID, s.Now, s.Successor.Key,
		s.Successor.ID, string(s.Successor.Digest), s.Now.Add(s.TTL),
		e.ID, e.Type, e.Outcome, e.ActorKind, string(domain.PartyUser), e.Address, e.UserAgent, e.RequestID)
	if errors.Is(err, sql.ErrNoRows) {
		return outbound.Spent{}, token.NotSpendable()
	}
	return outbound.Spent{SessionID: row.SessionID, SessionEnds: utc(row.SessionEnds), UserID: row.UserID, Scope: words[scope.Name](row.Scope)}, err
}

type spenderRow struct {
	Username string `bun:"username"`
	IsActive bool   `bun:"is_active"`
}

// spend is the same in several statements, where nobody else writes meanwhile.
func (t *transaction) spend(ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
	var row refreshWithSession
	var owner spenderRow
	if err := t.one(ctx, &row, selectRefreshWithSession, string(s.Presented)); err != nil {
		return outbound.Spent{}, notSpendableWhereAbsent(err)
	}
	if err := t.one(ctx, &owner, "SELECT username, is_active FROM users WHERE id = $1", row.UserID); err != nil {
		return outbound.Spent{}, notSpendableWhereAbsent(err)
	}
	if row.ClientID != s.ClientID || !owner.IsActive {
		return outbound.Spent{}, token.NotSpendable()
	}
	presented := row.token()
	session := row.Session.session()
	successor, err := presented.Spend(session, s.Successor, s.Now, s.TTL)
	if err != nil {
		return outbound.Spent{}, err
	}
	tokens := &refreshTokens{t}
	if err := tokens.Save(ctx, presented); err != nil {
		return outbound.Spent{}, err
	}
	if err := tokens.Add(ctx, successor); err != nil {
		return outbound.Spent{}, err
	}
	subject := domain.Party{Kind: domain.PartyUser, ID: row.UserID.String(), Name: owner.Username}
	t.events = append(t.events, t.db.eventRow(ctx, refreshed(s.ClientID, subject, s.Now)))
	next := successor.Snapshot()
	return outbound.Spent{SessionID: next.SessionID, SessionEnds: session.Snapshot().ExpiresAt, UserID: next.UserID, Scope: next.Scope}, nil
}

func notSpendableWhereAbsent(err error) error {
	if domain.HasCode(err, domain.CodeNotFound) {
		return token.NotSpendable()
	}
	return err
}

// refreshed is the event of a spent token.
func refreshed(clientID string, subject domain.Party, now time.Time) domain.Event {
	return domain.Event{
		Type: domain.EventTokenRefreshed, Outcome: domain.Succeeded,
		Actor: domain.Party{Kind: domain.PartyClient, ID: clientID}, Subject: subject, OccurredAt: now,
	}
}
