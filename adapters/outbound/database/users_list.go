package database

import (
	"context"
	"strings"

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
// is that of creation and never changes.
func (l *UserList) List(ctx context.Context, filter outbound.UserFilter, page domain.Page) (domain.Listing[user.Snapshot], error) {
	var rows []userRow
	query := l.db.reader.NewSelect().Model(&rows).ColumnExpr("u.*").ColumnExpr(rolesOfUser + "u.id) AS roles").OrderExpr("u.id").Limit(int64(page.Limit) + 1)
	if page.After != "" {
		after, err := domain.ParseID(page.After)
		if err != nil {
			return domain.Listing[user.Snapshot]{}, domain.InvalidCursor()
		}
		query = query.Where("u.id > ?", after)
	}
	if strings.Contains(filter.Text, "\n") {
		return domain.Listing[user.Snapshot]{}, nil // no field holds it; between two fields it is in every row
	}
	if filter.Text != "" {
		pattern := "%" + literal.Replace(domain.Fold(storable(filter.Text))) + "%"
		query = query.Where(`(u.search LIKE ? ESCAPE '\' OR (u.search IS NULL AND `+searchOfOld+` LIKE ? ESCAPE '\'))`, pattern, pattern)
	}
	if filter.IsActive != nil {
		query = query.Where("u.is_active = ?", *filter.IsActive)
	}
	if filter.IsVerified != nil {
		query = query.Where("u.is_verified = ?", *filter.IsVerified)
	}
	if filter.Role != "" {
		query = query.Where("EXISTS (SELECT 1 FROM user_roles AS f JOIN roles AS g ON g.id = f.role_id WHERE f.user_id = u.id AND g.name = ?)", storable(string(filter.Role)))
	}
	if !filter.CreatedAfter.IsZero() {
		query = query.Where("u.created_at > ?", filter.CreatedAfter)
	}
	if err := l.db.list(ctx, func(ctx context.Context, on bun.Conn) error { return query.Conn(on).Scan(ctx) }); err != nil {
		return domain.Listing[user.Snapshot]{}, err
	}
	found := make([]user.Snapshot, len(rows))
	for i := range rows {
		found[i] = rows[i].user().Snapshot()
	}
	return domain.PageOf(found, page.Limit, func(s user.Snapshot) string { return s.ID.String() }), nil
}

// literal keeps a text from meaning anything to LIKE.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// searchOfOld stands in for the column search of rows that a program wrote
// which does not know it.
const searchOfOld = "lower(u.username || '\n' || u.email || '\n' || u.first_name || '\n' || u.last_name || '\n' || u.display_name)"

// search is what a text in a list of users is looked for in. Names are single
// lines, so nothing is found across two of them.
func search(s user.Snapshot) string {
	return domain.Fold(strings.Join([]string{string(s.Username), string(s.Email), s.FirstName, s.LastName, s.DisplayName}, "\n"))
}
