package database

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.AuditLog = (*AuditLog)(nil)

// AuditLog reads events.
type AuditLog struct{ db *DB }

// NewAuditLog makes the audit log of a store.
func NewAuditLog(db *DB) *AuditLog { return &AuditLog{db: db} }

// Find implements the port. Records are told by the time they occurred at and
// then by the order they were stored in.
func (l *AuditLog) Find(ctx context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	var rows []eventRow
	query := l.db.reader.NewSelect().Model(&rows).OrderExpr("e.occurred_at DESC, e.seq DESC").Limit(int64(page.Limit) + 1)
	if page.After != "" {
		at, seq, err := parsePlace(page.After)
		if err != nil {
			return domain.Listing[domain.AuditRecord]{}, err
		}
		query = query.Where("(e.occurred_at, e.seq) < (?, ?)", at, seq)
	}
	for column, wanted := range map[string]string{
		"type": string(filter.Type), "actor_id": filter.Actor, "subject_id": filter.Subject, "outcome": string(filter.Outcome),
	} {
		if wanted == "" {
			continue
		}
		if !isFindable(wanted) {
			return domain.Listing[domain.AuditRecord]{}, nil // no event can hold it
		}
		query = query.Where("e.? = ?", bun.Ident(column), wanted)
	}
	if !filter.From.IsZero() {
		query = query.Where("e.occurred_at >= ?", filter.From.UTC())
	}
	if !filter.To.IsZero() {
		query = query.Where("e.occurred_at < ?", filter.To.UTC())
	}
	if err := l.db.list(ctx, func(ctx context.Context, on bun.Conn) error { return query.Conn(on).Scan(ctx) }); err != nil {
		return domain.Listing[domain.AuditRecord]{}, err
	}
	part := domain.PageOf(rows, page.Limit, eventRow.place)
	found := domain.Listing[domain.AuditRecord]{Items: make([]domain.AuditRecord, len(part.Items)), Next: part.Next}
	for i, row := range part.Items {
		found.Items[i] = row.record()
	}
	return found, nil
}

func (r eventRow) record() domain.AuditRecord {
	return domain.AuditRecord{ID: r.ID, Event: r.event(), Origin: domain.Origin{Address: r.Address, UserAgent: r.UserAgent, RequestID: r.RequestID}}
}

// place is where a row stands in the trail.
func (r eventRow) place() string {
	return strconv.FormatInt(r.OccurredAt.UnixMicro(), 10) + "." + strconv.FormatInt(r.Seq, 10)
}

func parsePlace(place string) (at time.Time, seq int64, err error) {
	micros, number, _ := strings.Cut(place, ".")
	us, errAt := strconv.ParseInt(micros, 10, 64)
	seq, errSeq := strconv.ParseInt(number, 10, 64)
	// Beyond these years PostgreSQL and SQLite have no words for a time.
	if errAt != nil || errSeq != nil || us < 0 || us > maxMicros {
		return time.Time{}, 0, domain.InvalidCursor()
	}
	return time.UnixMicro(us).UTC(), seq, nil
}

// maxMicros is the end of the year 9999.
const maxMicros = 253402300799_999999
