package database

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Housekeeping = (*Housekeeping)(nil)

// Housekeeping deletes old rows.
type Housekeeping struct{ db *DB }

// NewHousekeeping makes the housekeeping of a store.
func NewHousekeeping(db *DB) *Housekeeping { return &Housekeeping{db: db} }

// over gives the sessions that are over for the longest time, as many as a sweep
// may delete: all of them, looked at again for each of many sweeps, took most of
// the time. A union, so that each half reads the head of its index.
const over = `
SELECT id FROM (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AS expired
UNION SELECT id FROM (SELECT id FROM sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT $2) AS ended`

// Sessions implements the port. A session has any number of tokens, so these
// are not left to the foreign key. Once the sessions that over gives have none,
// they make room for the next.
func (h *Housekeeping) Sessions(ctx context.Context, before time.Time, limit int) (int, error) {
	links, err := h.sweep(ctx, "refresh_tokens", "id", "session_id IN ("+over+")", before, limit)
	if err != nil || links == limit {
		return links, err
	}
	sessions, err := h.sweep(ctx, "sessions", "id",
		"id IN ("+over+") AND NOT EXISTS (SELECT 1 FROM refresh_tokens AS r WHERE r.session_id = x.id)", before, limit-links)
	return links + sessions, err
}

// PendingRegistrations implements the port.
func (h *Housekeeping) PendingRegistrations(ctx context.Context, before time.Time, limit int) (int, error) {
	return h.sweep(ctx, "pending_registrations", "id", "expires_at < $1", before, limit)
}

// Lockouts implements the port.
func (h *Housekeeping) Lockouts(ctx context.Context, before time.Time, limit int) (int, error) {
	return h.sweep(ctx, "lockouts", "key", "updated_at < $1 AND (locked_until IS NULL OR locked_until < $1)", before, limit)
}

// Tickets implements the port.
func (h *Housekeeping) Tickets(ctx context.Context, before time.Time, limit int) (int, error) {
	return h.sweep(ctx, "tickets", "id", "expires_at < $1", before, limit)
}

// SigningKeys implements the port.
func (h *Housekeeping) SigningKeys(ctx context.Context, before time.Time, limit int) (int, error) {
	return h.sweep(ctx, "signing_keys", "id", "state = 'retired' AND expires_at < $1", before, limit)
}

// sweep deletes rows of a table, which the condition calls x.
func (h *Housekeeping) sweep(ctx context.Context, table, key, condition string, before time.Time, limit int, more ...any) (int, error) {
	skip := ""
	if h.db.dialect == postgres {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	args := append([]any{before, limit}, more...)
	result, err := h.db.writer.DB.ExecContext(ctx,
		"DELETE FROM "+table+" WHERE "+key+" IN (SELECT x."+key+" FROM "+table+" AS x WHERE "+condition+" LIMIT $2"+skip+")", //nolint:gosec // all of it is written here
		h.db.dialect.binds(args)...)
	if err != nil {
		return 0, translate(ctx, err)
	}
	swept, err := result.RowsAffected()
	return int(swept), translate(ctx, err)
}
