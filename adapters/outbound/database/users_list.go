package database

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var _ outbound.UserList = (*UserList)(nil)

// UserList reads users in parts.
type UserList struct{ db *DB }

// NewUserList makes the list of a store's users.
func NewUserList(db *DB) *UserList { return &UserList{db: db} }

// List implements the port. Ids are made in the order of time, so their order
// is that of creation and never changes. Each filter that leaves much out walks
// an index in the order of the list, or the sorted ids that a text was found in.
func (l *UserList) List(ctx context.Context, filter outbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	if strings.Contains(filter.Text, "\n") {
		return domain.Listing[user.Snapshot]{}, nil // no field holds it; between two fields it is in every row
	}
	after, err := parseUserPlace(filter, page.After)
	if err != nil {
		return domain.Listing[user.Snapshot]{}, err
	}
	var rows []userRow
	err = l.db.list(ctx, func(ctx context.Context, on bun.Conn) error {
		role := domain.NoID
		if filter.Role != "" { // by its id, of which Postgres knows how many have it
			err := on.NewRaw("SELECT id FROM roles WHERE name = ?", storable(string(filter.Role))).Scan(ctx, &role)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		few, err := l.few(ctx, on, filter.Text)
		if err != nil {
			return err
		}
		query := on.NewSelect().Model(&rows).ColumnExpr("u.*").ColumnExpr(rolesOfUser + "u.id) AS roles").Limit(int64(page.Limit) + 1)
		if role != domain.NoID { // CROSS keeps SQLite to this order
			query = query.ModelTableExpr("user_roles AS f CROSS JOIN users AS u").Where("f.role_id = ? AND u.id = f.user_id", role)
		}
		if few {
			query = query.Where("? IN ("+hits+")", listedID(filter), phrase(filter.Text))
		}
		return filtered(query, filter, after).Scan(ctx)
	})
	if err != nil {
		return domain.Listing[user.Snapshot]{}, err
	}
	found := make([]user.Snapshot, len(rows))
	for i := range rows {
		found[i] = rows[i].user().Snapshot()
	}
	return domain.PageOf(found, page.Limit, func(s user.Snapshot) string { return userPlace(filter, s) }), nil
}

func filtered(query *bun.SelectQuery, filter outbound.UserFilter, after *userPosition) *bun.SelectQuery {
	id := listedID(filter)
	switch late := !filter.CreatedAfter.IsZero(); {
	case late && after != nil:
		query = query.Where("(u.created_at, u.id) > (?, ?)", after.createdAt, after.id)
	case after != nil:
		query = query.Where("? > ?", id, after.id)
	}
	if filter.CreatedAfter.IsZero() {
		query = query.OrderExpr("?", id)
	} else {
		query = query.Where("u.created_at > ?", filter.CreatedAfter).OrderExpr("u.created_at, u.id")
	}
	if filter.Text != "" {
		like := pattern(filter.Text)
		query = query.Where(`(u.search LIKE ? ESCAPE '\' OR (u.search IS NULL AND `+searchOfOld+` LIKE ? ESCAPE '\'))`, like, like)
	}
	if filter.IsActive != nil {
		query = query.Where("u.is_active = ?", *filter.IsActive)
	}
	if filter.IsVerified != nil {
		query = query.Where("u.is_verified = ?", *filter.IsVerified)
	}
	return query
}

// listedID is the column that the list is in the order of.
func listedID(filter outbound.UserFilter) bun.Safe {
	if filter.Role != "" {
		return "f.user_id"
	}
	return "u.id"
}

// userPosition is where a page begins: behind this user.
type userPosition struct {
	id        domain.ID
	createdAt time.Time // where the list is in the order of it
}

// userPlace names a user's position: by its id, and by its time before that
// where a time is asked for, which may be that of an import.
func userPlace(filter outbound.UserFilter, s user.Snapshot) string {
	if filter.CreatedAfter.IsZero() {
		return s.ID.String()
	}
	return strconv.FormatInt(s.CreatedAt.UnixMicro(), 10) + "." + s.ID.String()
}

func parseUserPlace(filter outbound.UserFilter, place string) (*userPosition, error) {
	if place == "" {
		return nil, nil
	}
	after, text := userPosition{}, place
	if !filter.CreatedAfter.IsZero() {
		micros, id, _ := strings.Cut(place, ".")
		us, err := strconv.ParseInt(micros, 10, 64)
		if err != nil || us < 0 || us > maxMicros {
			return nil, domain.InvalidCursor()
		}
		after.createdAt, text = time.UnixMicro(us).UTC(), id
	}
	var err error
	if after.id, err = domain.ParseID(text); err != nil {
		return nil, domain.InvalidCursor()
	}
	return &after, nil
}
