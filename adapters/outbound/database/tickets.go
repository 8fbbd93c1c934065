package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Tickets = (*tickets)(nil)

type ticketRow struct {
	bun.BaseModel `bun:"table:tickets,alias:t"`

	Purpose   string    `bun:"purpose,pk"`
	Holder    string    `bun:"holder,pk"`
	ID        domain.ID `bun:"id"`
	Digest    string    `bun:"digest"`
	Data      string    `bun:"data"`
	Tries     int       `bun:"tries"`
	ExpiresAt time.Time `bun:"expires_at"`
}

func newTicketRow(s token.TicketSnapshot) *ticketRow {
	return &ticketRow{Purpose: s.Purpose, Holder: s.Holder, ID: s.ID, Digest: s.Digest, Data: s.Data, Tries: s.Tries, ExpiresAt: s.ExpiresAt}
}

type tickets struct{ *transaction }

func (r *tickets) Put(ctx context.Context, t *token.Ticket) error {
	_, err := r.exec(ctx, r.tx.NewInsert().Model(newTicketRow(t.Snapshot())).On("CONFLICT (purpose, holder) DO UPDATE").
		Set("id = EXCLUDED.id, digest = EXCLUDED.digest, data = EXCLUDED.data, tries = EXCLUDED.tries, expires_at = EXCLUDED.expires_at"))
	return err
}

func (r *tickets) Add(ctx context.Context, t *token.Ticket) error {
	added, err := r.exec(ctx, r.tx.NewInsert().Model(newTicketRow(t.Snapshot())).On("CONFLICT (purpose, holder) DO NOTHING"))
	if err == nil && added == 0 {
		err = domain.Conflict(domain.CodeConflict, "there is a ticket already")
	}
	return err
}

func (r *tickets) Get(ctx context.Context, purpose, holder string) (*token.Ticket, error) {
	if err := findable(holder); err != nil {
		return nil, err
	}
	var row ticketRow
	err := r.one(ctx, &row, "SELECT t.purpose, t.holder, t.id, t.digest, t.data, t.tries, t.expires_at FROM tickets AS t WHERE t.purpose = $1 AND t.holder = $2"+
		r.db.dialect.lock("t"), purpose, holder)
	if err != nil {
		return nil, err
	}
	return token.RehydrateTicket(token.TicketSnapshot{
		Purpose: row.Purpose, Holder: row.Holder, ID: row.ID, Digest: row.Digest, Data: row.Data, Tries: row.Tries, ExpiresAt: utc(row.ExpiresAt),
	}), nil
}

func (r *tickets) Save(ctx context.Context, t *token.Ticket) error {
	row := newTicketRow(t.Snapshot())
	return r.touched(ctx, r.tx.NewUpdate().Model(row).Column("digest", "data", "tries", "expires_at").WherePK().Where("t.id = ?", row.ID))
}

func (r *tickets) Delete(ctx context.Context, t *token.Ticket) error {
	row := newTicketRow(t.Snapshot())
	return r.touched(ctx, r.tx.NewDelete().Model(row).WherePK().Where("t.id = ?", row.ID))
}

func (r *tickets) touched(ctx context.Context, statement execer) error {
	touched, err := r.exec(ctx, statement)
	if err == nil && touched == 0 {
		err = domain.NotFound("there is no such ticket")
	}
	return err
}
