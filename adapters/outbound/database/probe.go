package database

import (
	"context"

	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Probe = (*Probe)(nil)

// Probe tells whether the store answers.
type Probe struct{ db *DB }

// NewProbe makes the probe of a store.
func NewProbe(db *DB) *Probe { return &Probe{db: db} }

// Name implements the port.
func (p *Probe) Name() string { return "database" }

// Essential implements the port: there is nothing to serve without the store.
func (p *Probe) Essential() bool { return true }

// Ping implements the port. A pool that requests keep busy does not fail it:
// an instance that is dropped for being busy leaves the others busier. It asks for a table's row, because a driver may call an open file a success.
func (p *Probe) Ping(ctx context.Context) error {
	var one int
	return translate(ctx, p.db.watcher.DB.QueryRowContext(ctx, "SELECT 1 FROM goose_db_version LIMIT 1").Scan(&one))
}
