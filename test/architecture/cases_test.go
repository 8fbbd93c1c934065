package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	// caseRow is a line of the table of cases in docs/security-model.md.
	caseRow = regexp.MustCompile(`(?m)^\| ([A-Z]{3}-\d\d) \| [^|]+ \| (passes|deviates|not applicable) \| ([^|]+) \|$`)
	// caseName begins the name of a test that is one of the cases, or several.
	caseName = regexp.MustCompile(`^(?:[A-Z]{3}-\d\d(?:, )?)+`)
	caseID   = regexp.MustCompile(`[A-Z]{3}-\d\d`)
	caseFile = regexp.MustCompile("`([\\w/]+_test\\.go)`")
)

// casesOf gives the cases that a file's tests are named by.
func casesOf(t *testing.T, path string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				for _, id := range caseID.FindAllString(caseName.FindString(text), -1) {
					found[id] = true
				}
			}
		}
		return true
	})
	return found
}

// TestCasesAreTested holds the table of cases to the tests: what passes has a
// test of its number in the file that is named, what does not has a reason, and
// the counts are right.
func TestCasesAreTested(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "security-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]map[string]bool{}
	states, seen := map[string]int{}, map[string]bool{}
	for _, row := range caseRow.FindAllStringSubmatch(string(document), -1) {
		id, state, where := row[1], row[2], row[3]
		if seen[id] {
			t.Errorf("%s stands twice", id)
		}
		seen[id] = true
		states[state]++
		named := caseFile.FindAllStringSubmatch(where, -1)
		if state != "passes" {
			if len(where) < 20 {
				t.Errorf("%s %s without a reason", id, state)
			}
			continue
		}
		if len(named) == 0 {
			t.Errorf("%s passes in no file", id)
		}
		for _, file := range named {
			if files[file[1]] == nil {
				files[file[1]] = casesOf(t, filepath.Join("..", file[1]))
			}
			if !files[file[1]][id] {
				t.Errorf("%s: no test of that number in %s", id, file[1])
			}
		}
	}
	all := states["passes"] + states["deviates"] + states["not applicable"]
	counts := fmt.Sprintf("%d cases: %d pass, %d deviate, %d are not applicable.", all, states["passes"], states["deviates"], states["not applicable"])
	if all == 0 || !strings.Contains(string(document), counts) {
		t.Errorf("the document does not say: %s", counts)
	}
	if lines := strings.Count(string(document[strings.Index(string(document), "## Cases"):]), "\n| ") - 1; lines != all {
		t.Errorf("%d of %d rows of the table can be read", all, lines)
	}
}
