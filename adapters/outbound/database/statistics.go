package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.Statistics = (*Statistics)(nil)

// Statistics counts rows, each kind by an index that holds all it needs.
type Statistics struct{ db *DB }

// NewStatistics makes the statistics of a store.
func NewStatistics(db *DB) *Statistics { return &Statistics{db: db} }

type countRow struct {
	Users    int64 `bun:"users"`
	Active   int64 `bun:"active"`
	Sessions int64 `bun:"sessions"`
}

type loginsRow struct {
	Hour  string `bun:"hour"`
	Type  string `bun:"type"`
	Count int64  `bun:"count"`
}

// hourText is how both dialects write an hour.
const hourText = "2006-01-02 15"

// Count implements the port.
func (s *Statistics) Count(ctx context.Context, now time.Time, hours int) (domain.Statistics, error) {
	var counted countRow
	err := s.db.list(ctx, func(ctx context.Context, on bun.Conn) error {
		return s.db.scanOne(ctx, on.Conn, &counted, `SELECT count(*) AS users, count(*) FILTER (WHERE is_active) AS active,
			(SELECT count(*) FROM sessions WHERE expires_at > $1 AND ended_at IS NULL) AS sessions FROM users`, now)
	})
	if err != nil {
		return domain.Statistics{}, err
	}
	result := domain.Statistics{Users: counted.Users, ActiveUsers: counted.Active, Sessions: counted.Sessions}
	current := now.UTC().Truncate(time.Hour)
	byHour := map[string]*domain.LoginsInHour{}
	result.Hours = make([]domain.LoginsInHour, hours)
	for i := range result.Hours {
		result.Hours[i].Start = current.Add(time.Duration(i-hours+1) * time.Hour)
		byHour[result.Hours[i].Start.Format(hourText)] = &result.Hours[i]
	}
	hour := "substr(occurred_at, 1, 13)" // as SQLite stores it, in UTC
	if s.db.dialect == postgres {
		hour = "to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"
	}
	var rows []loginsRow
	err = s.db.list(ctx, func(ctx context.Context, on bun.Conn) error {
		return on.NewRaw("SELECT "+hour+" AS hour, type, count(*) AS count FROM events WHERE type IN (?, ?) AND occurred_at >= ? AND occurred_at < ? GROUP BY 1, 2",
			string(domain.EventLoginSucceeded), string(domain.EventLoginFailed), current.Add(time.Duration(1-hours)*time.Hour), current.Add(time.Hour)).Scan(ctx, &rows)
	})
	if err != nil {
		return domain.Statistics{}, err
	}
	for _, row := range rows {
		switch in := byHour[row.Hour]; {
		case in == nil:
		case row.Type == string(domain.EventLoginSucceeded):
			in.Logins = row.Count
		default:
			in.Failures = row.Count
		}
	}
	return result, nil
}
