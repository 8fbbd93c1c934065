package database_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // beside the store, to fill it at once
	_ "modernc.org/sqlite"             // the same

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/services"
)

// crowd is how many users the lists are measured with: every hundredth is
// disabled, every tenth verified, every thousandth an administrator.
const crowd = 100_000

var crowdsBirth = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // of the first; one each second

func memberID(i int) string { return fmt.Sprintf("%08x-0000-7000-8000-%012x", i, i) }

// placed is the position of a member in a list with this filter.
func placed(filter outbound.UserFilter, after string) string {
	if after == "" || filter.CreatedAfter.IsZero() {
		return after
	}
	return fmt.Sprintf("%d.%s", filter.CreatedAfter.Add(500*time.Second).UnixMicro(), after)
}

// fill makes so many of the crowd, by one statement for each table.
func fill(t testing.TB, url string, count int) {
	t.Helper()
	driver, source, id, at := "pgx", url, "(lpad(to_hex(i), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid", "to_timestamp(%d + i)"
	if path, isFile := strings.CutPrefix(url, "sqlite://"); isFile {
		driver, source, id, at = "sqlite", path, "printf('%08x-0000-7000-8000-%012x', i, i)", "strftime('%%Y-%%m-%%d %%H:%%M:%%S+00:00', %d + i, 'unixepoch')"
	}
	at = fmt.Sprintf(at, crowdsBirth.Unix())
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // what was written is committed
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", count)
	insert := func(into, values, rest string) {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO "+into+" "+numbers+"SELECT "+values+" FROM "+rest); err != nil {
			t.Fatal(err)
		}
	}
	name := "'member' || i"
	mail := name + " || '@example.com'"
	insert("users (id, username, username_folded, email, email_folded, password_hash, first_name, is_active, is_verified, created_at, updated_at, search)",
		strings.Join([]string{id, name, name, mail, mail, "'x'", "'Given'", "i % 100 <> 0", "i % 10 = 0", at, at, name + " || '\n' || " + mail + " || '\ngiven\n\n'"}, ", "), "n")
	insert("user_roles (user_id, role_id, assigned_at)", id+", r.id, "+at, "n JOIN roles AS r ON r.name = 'user' OR (r.name = 'admin' AND i % 1000 = 0)")
	if driver == "pgx" { // as the server does by itself, if later
		if _, err := db.ExecContext(t.Context(), "VACUUM ANALYZE users, user_roles"); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkLists reads pages of 20 of a hundred thousand users: the first, and
// that behind twenty thousand users, which is page 1000 of the whole list.
//
//	go test ./adapters/outbound/database -run '^$' -bench Lists -benchtime 50x
func BenchmarkLists(b *testing.B) {
	no, yes := false, true
	late := crowdsBirth.Add((crowd - 1000) * time.Second)
	filters := []struct {
		name   string
		filter outbound.UserFilter
		found  int // on the first page
	}{
		{"all", outbound.UserFilter{}, 20},
		{"q of everybody", outbound.UserFilter{Text: "member"}, 20},
		{"q of one", outbound.UserFilter{Text: "member99999@"}, 1},
		{"q of nobody", outbound.UserFilter{Text: "nobody at all"}, 0},
		{"q of a thousand", outbound.UserFilter{Text: "member99"}, 20},
		{"q of ten thousand", outbound.UserFilter{Text: "member9"}, 20},
		{"q of two letters", outbound.UserFilter{Text: "zz"}, 0},
		{"active", outbound.UserFilter{IsActive: &yes}, 20},
		{"disabled", outbound.UserFilter{IsActive: &no}, 20},
		{"verified", outbound.UserFilter{IsVerified: &yes}, 20},
		{"role user", outbound.UserFilter{Role: role.User}, 20},
		{"role admin", outbound.UserFilter{Role: role.Admin}, 20},
		{"role of nobody", outbound.UserFilter{Role: "nobody"}, 0},
		{"created late", outbound.UserFilter{CreatedAfter: late}, 20},
		{"disabled administrators", outbound.UserFilter{IsActive: &no, Role: role.Admin}, 20},
		{"active administrators", outbound.UserFilter{IsActive: &yes, Role: role.Admin}, 0},
		{"verified of a name", outbound.UserFilter{IsVerified: &yes, Text: "member9999"}, 1},
	}
	for store, url := range map[string]func() string{"sqlite": func() string { return emptySQLite(b) }, "postgres": func() string { return services.Postgres(b) }} {
		b.Run(store, func(b *testing.B) {
			at := url()
			list := database.NewUserList(migrated(b, at, 5))
			fill(b, at, crowd)
			for _, f := range filters {
				for page, after := range map[string]string{"page 1": "", "page 1000": memberID(20_000)} {
					b.Run(f.name+"/"+page, func(b *testing.B) {
						for b.Loop() {
							found, err := list.List(b.Context(), f.filter, domain.Page{Limit: 20, After: placed(f.filter, after)})
							if err != nil {
								b.Fatal(err)
							}
							if after == "" && len(found.Items) != f.found {
								b.Fatalf("%d items, want %d", len(found.Items), f.found)
							}
						}
					})
				}
			}
		})
	}
}
