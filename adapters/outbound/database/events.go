package database

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Events = (*events)(nil)

type eventRow struct {
	bun.BaseModel `bun:"table:events,alias:e"`

	Seq         int64     `bun:"seq,pk,autoincrement"` // order of storing, for events of one moment
	ID          domain.ID `bun:"id"`
	Type        string    `bun:"type"`
	Outcome     string    `bun:"outcome"`
	Reason      string    `bun:"reason"`
	ActorKind   string    `bun:"actor_kind"`
	ActorID     string    `bun:"actor_id"`
	ActorName   string    `bun:"actor_name"`
	SubjectKind string    `bun:"subject_kind"`
	SubjectID   string    `bun:"subject_id"`
	SubjectName string    `bun:"subject_name"`
	Address     string    `bun:"address"`
	UserAgent   string    `bun:"user_agent"`
	RequestID   string    `bun:"request_id"`
	OccurredAt  time.Time `bun:"occurred_at"`
}

func (db *DB) eventRow(ctx context.Context, e domain.Event) eventRow {
	origin := domain.OriginFrom(ctx)
	return eventRow{
		ID: db.random.NewID(e.OccurredAt), Type: string(e.Type), Outcome: string(e.Outcome), Reason: e.Reason,
		ActorKind: string(e.Actor.Kind), ActorID: e.Actor.ID, ActorName: e.Actor.Name,
		SubjectKind: string(e.Subject.Kind), SubjectID: e.Subject.ID, SubjectName: e.Subject.Name,
		Address: storable(origin.Address), UserAgent: storable(origin.UserAgent), RequestID: storable(origin.RequestID),
		OccurredAt: e.OccurredAt,
	}
}

func (r eventRow) event() domain.Event {
	return domain.Event{
		Type: domain.EventType(r.Type), Outcome: domain.Outcome(r.Outcome), Reason: r.Reason,
		Actor:      domain.Party{Kind: domain.PartyKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName},
		Subject:    domain.Party{Kind: domain.PartyKind(r.SubjectKind), ID: r.SubjectID, Name: r.SubjectName},
		OccurredAt: utc(r.OccurredAt),
	}
}

func occurrences(rows []eventRow) []domain.Occurrence {
	stored := make([]domain.Occurrence, len(rows))
	for i, row := range rows {
		stored[i] = domain.Occurrence{ID: row.ID, Event: row.event()}
	}
	return stored
}

// tell hands events on that are stored for good.
func (db *DB) tell(ctx context.Context, rows []eventRow) {
	if db.stored == nil {
		return
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r eventRow) bool { return r.Type == string(domain.EventTokenRefreshed) })
	if len(rows) > 0 {
		db.stored(ctx, occurrences(rows))
	}
}

// collect takes the events of a saved aggregate. When the transaction is rolled
// back the aggregate becomes what it was before: one made outside of the unit
// of work would have lost its events for the next attempt.
func collect[T any, A interface {
	*T
	Drain() []domain.Event
}](ctx context.Context, t *transaction, aggregate A) {
	before := *aggregate
	t.restore = append(t.restore, func() { *aggregate = before })
	for _, e := range aggregate.Drain() {
		t.events = append(t.events, t.db.eventRow(ctx, e))
	}
}

// written collects the events of an aggregate with versions and tells it which
// one is stored now.
func written[T any, A interface {
	*T
	Drain() []domain.Event
	Stored()
}](ctx context.Context, t *transaction, aggregate A) {
	collect(ctx, t, aggregate)
	aggregate.Stored()
}

type events struct{ *transaction }

func (r *events) Append(ctx context.Context, events ...domain.Event) error {
	for _, e := range events {
		r.transaction.events = append(r.transaction.events, r.db.eventRow(ctx, e))
	}
	return nil
}
