package architecture

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// banned are uses that belong behind a port: one clock and one source of
// randomness can be replaced in a test, a shared HTTP client has no timeout,
// and what is printed passes no redaction. An empty list bans the import.
var banned = map[string][]string{
	"time":                   {"Now", "Since", "Until", "Sleep"},
	"crypto/rand":            nil,
	"math/rand":              nil,
	"math/rand/v2":           nil,
	"github.com/google/uuid": {"New", "NewString", "NewRandom", "NewUUID", "NewV6", "NewV7", "Must"},
	"net/http":               {"DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"},
	"fmt":                    {"Print", "Printf", "Println"},
}

// atHome tells whether a file may use what is banned elsewhere.
func atHome(s source) bool {
	return s.Test() || s.Dir() == "adapters/outbound/system" || strings.HasPrefix(s.Path, "test/") || s.Syntax.Name.Name == "main"
}

func bannedUses(s source) []string {
	if atHome(s) {
		return nil
	}
	return uses(s, func(path, name string) bool {
		names, isBanned := banned[path]
		return isBanned && (names == nil || slices.Contains(names, name))
	})
}

// uses finds what a file takes from other packages and chosen picks. A
// dot import hides what it takes, so it is a finding of its own.
func uses(s source, chosen func(path, name string) bool) []string {
	var found []string
	imports := s.Imports()
	if hidden, ok := imports["."]; ok {
		found = append(found, fmt.Sprintf("%s: dot import of %s", s.Path, hidden))
	}
	ast.Inspect(s.Syntax, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if left, ok := selector.X.(*ast.Ident); ok && chosen(imports[left.Name], selector.Sel.Name) {
				found = append(found, fmt.Sprintf("%s: %s.%s", s.At(selector), imports[left.Name], selector.Sel.Name))
			}
		}
		return true
	})
	return found
}

func TestBannedUses(t *testing.T) { report(t, bannedUses) }

func TestBannedUsesBite(t *testing.T) {
	for path, breach := range map[string]string{
		"domain/user/a.go":          `import "time"; var now = time.Now()`,
		"application/users/a.go":    `import clock "time"; var now = clock.Now`,
		"adapters/outbound/jwt/a":   `import "crypto/rand"; var r = rand.Reader`,
		"adapters/outbound/b.go":    `import "math/rand/v2"; var r = rand.N(5)`,
		"adapters/inbound/cli/a":    `import "fmt"; func f() { fmt.Println() }`,
		"adapters/outbound/sms/a":   `import "net/http"; var c = http.DefaultClient`,
		"application/tokens/b.go":   `import "github.com/google/uuid"; var id = uuid.New()`,
		"application/tokens/c.go":   `import . "time"; var now = Now()`,
		"adapters/outbound/systems": `import "time"; var now = time.Now()`,
	} {
		bites(t, bannedUses, given(t, path, "package p; "+breach))
	}
	code := "package p; import \"time\"; var now = time.Now()"
	bites(t, bannedUses, given(t, "ports/outbound/a.go", code),
		given(t, "adapters/outbound/system/clock.go", code),
		given(t, "domain/user/a_test.go", code),
		given(t, "test/services/a.go", code),
		given(t, "bootstrap/keystone/main.go", strings.Replace(code, "package p", "package main", 1)),
		given(t, "domain/a.go", `package p; import "time"; var d = time.Second; type time2 struct{ Now int }; var x time2; var y = x.Now`),
	)
}

// statusFiles are the two mappings from errors to HTTP statuses.
var statusFiles = []string{"adapters/inbound/rest/problem.go", "adapters/inbound/rest/oauth_error.go"}

// strayStatuses finds statuses of refusals outside of the two mappings. A
// success is the handler's own to name.
func strayStatuses(s source) []string {
	if s.Test() || strings.HasPrefix(s.Path, "test/") || s.Syntax.Name.Name == "main" || slices.Contains(statusFiles, s.Path) {
		return nil
	}
	return uses(s, func(path, name string) bool {
		return path == "net/http" && strings.HasPrefix(name, "Status") && name != "StatusText" && !success(s, name)
	})
}

func success(s source, name string) bool {
	return strings.HasPrefix(s.Path, "adapters/inbound/") &&
		slices.Contains([]string{"StatusOK", "StatusCreated", "StatusAccepted", "StatusNoContent", "StatusNotModified"}, name)
}

func TestStatusesExistInTwoFiles(t *testing.T) {
	report(t, strayStatuses)
	for _, path := range statusFiles {
		if !slices.ContainsFunc(loadSources(t), func(s source) bool { return s.Path == path }) {
			t.Errorf("%s does not exist", path)
		}
	}
}

func TestStatusesBite(t *testing.T) {
	refusal, ok := `package rest; import "net/http"; var s = http.StatusNotFound`, `package rest; import "net/http"; var s = http.StatusCreated`
	bites(t, strayStatuses, given(t, "adapters/inbound/rest/users.go", refusal),
		given(t, "adapters/inbound/rest/problem.go", refusal),
		given(t, "adapters/inbound/rest/oauth_error.go", refusal),
		given(t, "adapters/inbound/rest/users_test.go", refusal),
		given(t, "adapters/inbound/rest/users.go", ok))
	bites(t, strayStatuses, given(t, "application/users/users.go", ok))
}
