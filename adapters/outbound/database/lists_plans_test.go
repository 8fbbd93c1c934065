package database_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"regexp"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// listener is a connector whose connections remember the queries.
type listener struct {
	driver.Connector
	all *[]string
}

func (l listener) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := l.Connector.Connect(ctx)
	return heard{conn, l.all}, err
}

type heard struct {
	driver.Conn
	all *[]string
}

func (h heard) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	*h.all = append(*h.all, query)
	return h.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

// plan gives how the store would answer a query.
func plan(t *testing.T, db *sql.DB, explain, query string, column int) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), explain+query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	var lines strings.Builder
	for rows.Next() {
		line, into := "", make([]any, column+1)
		for i := range into {
			into[i] = new(any)
		}
		into[column] = &line
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines.String()
}

// Whole tables are read of roles only, and sorted is only what few texts match.
var (
	readThrough = regexp.MustCompile(`SCAN [ufk](?:$|\n)|SCAN (?:users|user_search_keys)(?:$|\n)|Seq Scan on (?:users|user_roles)`)
	sorted      = regexp.MustCompile(`TEMP B-TREE FOR ORDER BY|Sort Key`)
)

// TestListsWalkIndexes holds what docs/performance.md says of lists: a page of
// whatever filter comes from an index, in its order, wherever the page is.
func TestListsWalkIndexes(t *testing.T) {
	const people = 20_000
	no, yes := false, true
	walks := map[string]struct {
		filter           outbound.UserFilter
		sqlite, postgres string // the index
		sorts            bool   // in PostgreSQL, or by time
	}{
		"none":         {outbound.UserFilter{}, "sqlite_autoindex_users_1", "users_pkey", false},
		"q of all":     {outbound.UserFilter{Text: "member"}, "sqlite_autoindex_users_1", "users_pkey", false},
		"q of one":     {outbound.UserFilter{Text: "member19999@"}, "VIRTUAL TABLE INDEX", "users_search_idx", true},
		"q of nobody":  {outbound.UserFilter{Text: "nobody at all"}, "VIRTUAL TABLE INDEX", "users_search_idx", true},
		"active":       {outbound.UserFilter{IsActive: &yes}, "users_is_active_id_idx", "users_", false},
		"disabled":     {outbound.UserFilter{IsActive: &no}, "users_is_active_id_idx", "users_is_active_id_idx", false},
		"verified":     {outbound.UserFilter{IsVerified: &yes}, "users_is_verified_id_idx", "users_", false},
		"role of all":  {outbound.UserFilter{Role: role.User}, "user_roles_role_id_user_id_idx", "user_roles_", false},
		"role of few":  {outbound.UserFilter{Role: role.Admin}, "user_roles_role_id_user_id_idx", "user_roles_role_id_", true},
		"created late": {outbound.UserFilter{CreatedAfter: crowdsBirth.Add(1)}, "users_created_at_id_idx", "users_created_at_id_idx", false},
		"q and a role": {outbound.UserFilter{Text: "member19000@", Role: role.Admin}, "VIRTUAL TABLE INDEX", "users_", true},
		"q, and late":  {outbound.UserFilter{Text: "member19999@", CreatedAfter: crowdsBirth.Add(1)}, "VIRTUAL TABLE INDEX", "users_search_idx", true},
	}
	onBoth(t, func(t *testing.T, url string) {
		var queries []string
		migrated(t, url, 2)
		fill(t, url, people)
		db, err := database.Open(t.Context(), database.Config{URL: url, MaxConns: 1, OpenPool: func(c driver.Connector) *sql.DB {
			return sql.OpenDB(listener{c, &queries})
		}}, clock{}, random{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() }) // it only read
		list, store := database.NewUserList(db), raw(t, url)
		for name, w := range walks {
			index, explain, column := w.postgres, "EXPLAIN (COSTS OFF) ", 0
			if strings.HasPrefix(url, "sqlite:") {
				index, explain, column = w.sqlite, "EXPLAIN QUERY PLAN ", 3
			}
			for page, after := range map[string]string{"page 1": "", "behind 4000": memberID(4000)} {
				t.Run(name+"/"+page, func(t *testing.T) {
					queries = nil
					if _, err := list.List(t.Context(), w.filter, domain.Page{Limit: 20, After: placed(w.filter, after)}); err != nil {
						t.Fatal(err)
					}
					var got string
					for _, query := range queries { // SQLite counts the hits first
						got = plan(t, store, explain, query, column)
						if readThrough.MatchString(got) || sorted.MatchString(got) && !w.sorts {
							t.Errorf("%s is\n%s", query, got)
						}
					}
					if !strings.Contains(got, index) {
						t.Errorf("want %s for %q, got\n%s", index, queries, got)
					}
				})
			}
		}
	})
}
