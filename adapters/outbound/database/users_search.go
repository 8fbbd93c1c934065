package database

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// fewHits is how many users a text may be found in for SQLite to sort their ids
// and read the users in that order. For more of them a walk through the list,
// which stops when the page is full, is the shorter way. PostgreSQL decides so
// by its statistics.
const fewHits = 10_000

// hits are the ids of the users that SQLite's index finds a phrase in, and of
// those it can't know.
const hits = `SELECT k.user_id FROM user_search AS t CROSS JOIN user_search_keys AS k WHERE t.user_search MATCH ? AND k.number = t.rowid
	UNION ALL SELECT id FROM users WHERE search IS NULL`

// countHits counts them, as far as it is worth it.
const countHits = `SELECT count(*) FROM (SELECT 1 FROM user_search WHERE user_search MATCH ?
	UNION ALL SELECT 1 FROM users WHERE search IS NULL LIMIT ?)`

// few tells whether the index finds a text, and in few users only. It is one of
// three characters each: what is shorter it can't find.
func (l *UserList) few(ctx context.Context, on bun.Conn, text string) (bool, error) {
	if l.db.dialect != sqlite || utf8.RuneCountInString(sought(text)) < 3 {
		return false, nil
	}
	var found int
	err := on.NewRaw(countHits, phrase(text), fewHits+1).Scan(ctx, &found)
	return found <= fewHits, err
}

// sought is a text as the column search would have it.
func sought(text string) string { return domain.Fold(storable(text)) }

// phrase asks the index for a text, in which nothing has a meaning.
func phrase(text string) string { return `"` + strings.ReplaceAll(sought(text), `"`, `""`) + `"` }

// pattern asks LIKE for a text, in which nothing has a meaning.
func pattern(text string) string { return "%" + literal.Replace(sought(text)) + "%" }

var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// searchOfOld stands in for the column search of rows that a program wrote
// which does not know it.
const searchOfOld = "lower(u.username || '\n' || u.email || '\n' || u.first_name || '\n' || u.last_name || '\n' || u.display_name)"

// search is what a text in a list of users is looked for in. Names are single
// lines, so nothing is found across two of them.
func search(s user.Snapshot) string {
	return domain.Fold(strings.Join([]string{string(s.Username), string(s.Email), s.FirstName, s.LastName, s.DisplayName}, "\n"))
}
