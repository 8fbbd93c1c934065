package architecture

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// row says what the packages of one pattern may import. A pattern is a path
// relative to the module; a trailing "/..." includes what is below.
type row struct {
	Packages   string
	Own        []string // patterns of this module's packages; nil: none
	ThirdParty []string // module paths; nil: none
	Pure       bool     // no I/O, no clock, no randomness, no log
}

const anything = "..."

// table is the import table of the house. The first row that matches a package
// governs it, every package has one, and every row governs some package. Tests
// inside a package may import more: suites, fakes, other adapters.
var table = []row{
	{Packages: "domain", ThirdParty: domainLibraries, Pure: true},
	{Packages: "domain/scope", Own: []string{"domain"}, ThirdParty: domainLibraries, Pure: true},
	{Packages: "domain/role", Own: []string{"domain", "domain/scope"}, ThirdParty: domainLibraries, Pure: true},
	{Packages: "domain/user", Own: []string{"domain", "domain/scope", "domain/role"}, ThirdParty: domainLibraries, Pure: true},
	{Packages: "domain/client", Own: []string{"domain", "domain/scope"}, ThirdParty: domainLibraries, Pure: true},
	{Packages: "domain/token", Own: []string{"domain/..."}, ThirdParty: domainLibraries, Pure: true},

	{Packages: "ports/...", Own: []string{"domain/..."}, Pure: true},

	{Packages: "application/grants", Own: []string{"domain/...", "ports/...", "application/tokens", "application/clients", "application/users"}, Pure: true},
	{Packages: "application/limits", Own: []string{"domain/...", "ports/...", "application/tokens", "application/users"}, Pure: true},
	{Packages: "application/...", Own: []string{"domain/...", "ports/..."}, Pure: true},

	adapter("inbound/rest", "github.com/labstack/echo/v4", "github.com/danielgtaylor/huma/v2", "github.com/go-json-experiment/json", "go.uber.org/zap"),
	adapter("inbound/cli", "github.com/spf13/cobra", "github.com/go-json-experiment/json"),
	adapter("outbound/argon2", "github.com/alexedwards/argon2id", "golang.org/x/crypto", "golang.org/x/text", "golang.org/x/sync"),
	adapter("outbound/jwt", "github.com/golang-jwt/jwt/v5", "github.com/go-json-experiment/json"),
	adapter("outbound/masterkey"),
	adapter("outbound/memory", "github.com/maypok86/otter/v2"),
	adapter("outbound/jobs", "github.com/riverqueue/river", "github.com/riverqueue/river/riverdriver", "github.com/riverqueue/river/riverdriver/riverdatabasesql",
		"github.com/riverqueue/river/riverdriver/riversqlite", "github.com/riverqueue/river/rivertype", "go.uber.org/zap"),
	adapter("outbound/redis", "github.com/redis/rueidis", "github.com/sony/gobreaker/v2"),
	adapter("outbound/strength", "github.com/trustelem/zxcvbn"),
	adapter("outbound/sms"),
	adapter("outbound/smtp", "github.com/wneessen/go-mail"),
	adapter("outbound/system", "github.com/google/uuid"),
	adapter("outbound/tracing", "github.com/XSAM/otelsql", "go.opentelemetry.io/otel", "go.opentelemetry.io/otel/sdk", "go.opentelemetry.io/otel/trace", "go.opentelemetry.io/otel/metric",
		"go.opentelemetry.io/proto/slim/otlp", "google.golang.org/protobuf", "go.uber.org/zap"),
	adapter("outbound/telemetry", "github.com/prometheus/client_golang", "go.uber.org/zap"),
	{
		Packages: "adapters/outbound/database",
		Own:      []string{"domain/...", "ports/...", "migrations"},
		ThirdParty: []string{
			"github.com/uptrace/bun", "github.com/uptrace/bun/dialect/pgdialect", "github.com/uptrace/bun/dialect/sqlitedialect",
			"github.com/jackc/pgx/v5", "modernc.org/sqlite", "github.com/pressly/goose/v3",
		},
	},
	{Packages: "migrations"},

	{Packages: "bootstrap/...", Own: []string{anything}, ThirdParty: []string{anything}},

	{Packages: "test/given", Own: []string{"domain/...", "ports/..."}},
	{Packages: "test/contract", Own: []string{"domain/...", "ports/...", "test/given"}},
	{Packages: "test/...", Own: []string{anything}, ThirdParty: []string{anything}},
}

// domainLibraries are an identifier type and Unicode tables: no I/O, no state.
var domainLibraries = []string{"github.com/google/uuid", "golang.org/x/text"}

// adapter is the row of an adapter that needs its own library and no more.
func adapter(name string, libraries ...string) row {
	return row{Packages: "adapters/" + name, Own: []string{"domain/...", "ports/..."}, ThirdParty: libraries}
}

// reserved are modules that only one room may import, whatever its row says.
var reserved = map[string]string{"go.uber.org/fx": "bootstrap/..."}

// impure are the packages of the standard library that do what a domain, a
// port or a use case asks others to do.
var impure = []string{
	"os", "os/exec", "os/signal", "io/fs", "syscall", "net", "net/http", "net/smtp", "database/sql", "embed",
	"log", "log/slog", "crypto/rand", "math/rand", "math/rand/v2", "unsafe", "C",
}

// breaches holds packages to a table and names each breach.
func breaches(rows []row, packages []goPackage) []string {
	var found []string
	governs := make([]bool, len(rows))
	for _, p := range packages {
		i := slices.IndexFunc(rows, func(r row) bool { return matches(r.Packages, p.Path) })
		if i < 0 {
			found = append(found, fmt.Sprintf("%s: no row of the table governs it", p.Path))
			continue
		}
		governs[i] = true
		for _, path := range p.Own {
			if !matchesAny(rows[i].Own, path) {
				found = append(found, fmt.Sprintf("%s must not import %s", p.Path, path))
			}
		}
		for _, module := range p.ThirdParty {
			home, isReserved := reserved[module]
			if !slices.Contains(rows[i].ThirdParty, module) && !slices.Contains(rows[i].ThirdParty, anything) || isReserved && !matches(home, p.Path) {
				found = append(found, fmt.Sprintf("%s must not import module %s", p.Path, module))
			}
		}
		for _, path := range p.Standard {
			if rows[i].Pure && slices.Contains(impure, path) {
				found = append(found, fmt.Sprintf("%s is pure and must not import %s", p.Path, path))
			}
		}
	}
	for i, r := range rows {
		if !governs[i] {
			found = append(found, fmt.Sprintf("row %q governs no package", r.Packages))
		}
	}
	return found
}

func matches(pattern, path string) bool {
	if pattern == anything {
		return true
	}
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == parent || strings.HasPrefix(path, parent+"/")
	}
	return path == pattern
}

func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, path) })
}

func TestImportTable(t *testing.T) {
	for _, breach := range breaches(table, loadPackages(t)) {
		t.Error(breach)
	}
}

// TestImportTableBites adds one breach at a time to the real packages, so a
// table that lets anything pass cannot stay unnoticed.
func TestImportTableBites(t *testing.T) {
	for name, tc := range map[string]struct {
		breach goPackage
		want   string
	}{
		"an adapter imports a use case":          {goPackage{Path: "adapters/inbound/rest", Own: []string{"application/users"}}, "adapters/inbound/rest must not import application/users"},
		"an adapter imports another":             {goPackage{Path: "adapters/outbound/redis", Own: []string{"adapters/outbound/memory"}}, "adapters/outbound/redis must not import adapters/outbound/memory"},
		"an adapter takes a foreign library":     {goPackage{Path: "adapters/outbound/jwt", ThirdParty: []string{"github.com/uptrace/bun"}}, "adapters/outbound/jwt must not import module github.com/uptrace/bun"},
		"a library's name is a mere prefix":      {goPackage{Path: "domain", ThirdParty: []string{"golang.org/x/text/v2"}}, "domain must not import module golang.org/x/text/v2"},
		"an aggregate looks upwards":             {goPackage{Path: "domain/role", Own: []string{"domain/user"}}, "domain/role must not import domain/user"},
		"the domain imports a port":              {goPackage{Path: "domain/user", Own: []string{"ports/outbound"}}, "domain/user must not import ports/outbound"},
		"the domain does I/O":                    {goPackage{Path: "domain/token", Standard: []string{"net/http"}}, "domain/token is pure and must not import net/http"},
		"a port takes a library":                 {goPackage{Path: "ports/outbound", ThirdParty: []string{"github.com/google/uuid"}}, "ports/outbound must not import module github.com/google/uuid"},
		"a use case imports an adapter":          {goPackage{Path: "application/users", Own: []string{"adapters/outbound/database"}}, "application/users must not import adapters/outbound/database"},
		"a use case outside grants uses another": {goPackage{Path: "application/users", Own: []string{"application/tokens"}}, "application/users must not import application/tokens"},
		"a use case logs":                        {goPackage{Path: "application/tokens", Standard: []string{"log/slog"}}, "application/tokens is pure and must not import log/slog"},
		"fx leaves bootstrap":                    {goPackage{Path: "test/services", ThirdParty: []string{"go.uber.org/fx"}}, "test/services must not import module go.uber.org/fx"},
		"a suite takes a library":                {goPackage{Path: "test/contract", ThirdParty: []string{"github.com/google/go-cmp"}}, "test/contract must not import module github.com/google/go-cmp"},
		"a package nobody planned":               {goPackage{Path: "adapters/outbound/kafka"}, "adapters/outbound/kafka: no row of the table governs it"},
	} {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains(breaches(table, []goPackage{tc.breach}), tc.want) {
				t.Errorf("the checker did not find: %s", tc.want)
			}
		})
	}
	t.Run("a row for a vanished package", func(t *testing.T) {
		rows := []row{{Packages: "domain"}, {Packages: "attic"}}
		if got := breaches(rows, []goPackage{{Path: "domain"}}); !slices.Equal(got, []string{`row "attic" governs no package`}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("what is allowed passes", func(t *testing.T) {
		rows := []row{{Packages: "a", Own: []string{"b/..."}, ThirdParty: []string{"example.org/m"}, Pure: true}}
		if got := breaches(rows, []goPackage{{Path: "a", Own: []string{"b", "b/c"}, ThirdParty: []string{"example.org/m"}, Standard: []string{"strings"}}}); len(got) > 0 {
			t.Errorf("got %q", got)
		}
	})
}

// TestImportsAreSorted keeps a package from hiding behind a misread list.
func TestImportsAreSorted(t *testing.T) {
	own, third := &struct{ Path string }{modulePath}, &struct{ Path string }{"example.org/m"}
	got := sortImports([]listed{
		{ImportPath: "strings", Standard: true},
		{ImportPath: "example.org/m/a", Module: third},
		{ImportPath: "example.org/m/b", Module: third},
		{ImportPath: modulePath + "/domain", Module: own},
		{ImportPath: modulePath + "/domain/user", Module: own, Imports: []string{"strings", "unsafe", "example.org/m/a", "example.org/m/b", modulePath + "/domain"}},
	})
	if len(got) != 2 {
		t.Fatalf("%d own packages, want 2", len(got))
	}
	user := got[1]
	if user.Path != "domain/user" || !slices.Equal(user.Own, []string{"domain"}) ||
		!slices.Equal(user.ThirdParty, []string{"example.org/m"}) || !slices.Equal(user.Standard, []string{"strings", "unsafe"}) {
		t.Errorf("got %+v", user)
	}
}
