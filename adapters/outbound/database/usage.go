package database

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.ClientUsage = (*ClientUsage)(nil)

// ClientUsage tells when clients were last used.
type ClientUsage struct{ db *DB }

// NewClientUsage makes the record of a store's clients.
func NewClientUsage(db *DB) *ClientUsage { return &ClientUsage{db: db} }

type useRow struct {
	bun.BaseModel `bun:"table:used,alias:u"`

	ClientID string    `bun:"client_id"`
	UsedAt   time.Time `bun:"used_at"`
}

// Record implements the port. Instances that note the same clients at once may
// lock them in a circle; then it is run again.
func (u *ClientUsage) Record(ctx context.Context, used map[string]time.Time) error {
	var rows []useRow
	for _, id := range slices.Sorted(maps.Keys(used)) {
		if findable(id) == nil {
			rows = append(rows, useRow{ClientID: id, UsedAt: used[id]})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return u.db.persist(ctx, func() (conflict bool, err error) {
		_, err = u.db.writer.NewRaw(`WITH used (client_id, used_at) AS (?)
UPDATE service_clients AS c SET last_used_at = u.used_at FROM used AS u
WHERE c.client_id = u.client_id AND (c.last_used_at IS NULL OR c.last_used_at < u.used_at)`, u.db.writer.NewValues(&rows)).Exec(ctx)
		if err != nil && ctx.Err() == nil && isConflict(err) {
			return true, err
		}
		return false, translate(ctx, err)
	})
}

type usedRow struct {
	clientRow  `bun:",extend"`
	LastUsedAt time.Time `bun:"last_used_at,nullzero"`
}

func (r *usedRow) use() outbound.ClientUse {
	return outbound.ClientUse{Client: r.client(), LastUsedAt: utc(r.LastUsedAt)}
}

// List implements the port.
func (u *ClientUsage) List(ctx context.Context, page domain.Page) (domain.Listing[outbound.ClientUse], error) {
	var rows []usedRow
	if err := u.db.pageByID(ctx, &rows, "SELECT "+clientColumns+", c.last_used_at FROM service_clients AS c", "c", page); err != nil {
		return domain.Listing[outbound.ClientUse]{}, err
	}
	return listing(rows, page, (*usedRow).use, func(c outbound.ClientUse) domain.ID { return c.Client.Snapshot().ID }), nil
}
