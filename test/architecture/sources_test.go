package architecture

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// source is one Go file of the module, whatever its build constraints.
type source struct {
	Path   string // relative to the module, with slashes
	Lines  int
	Syntax *ast.File
	Set    *token.FileSet
}

// Dir is the folder of the file, relative to the module.
func (s source) Dir() string { return path.Dir(s.Path) }

// Test tells whether the file is compiled for tests only.
func (s source) Test() bool { return strings.HasSuffix(s.Path, "_test.go") }

// At names a place for a finding: file and line.
func (s source) At(node ast.Node) string { return s.Set.Position(node.Pos()).String() }

// Imports gives the local name of each import. Dot imports are named ".".
func (s source) Imports() map[string]string {
	names := make(map[string]string, len(s.Syntax.Imports))
	for _, spec := range s.Syntax.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(imported)
		if major := name; strings.HasPrefix(major, "v") && strings.Trim(major, "v0123456789") == "" {
			name = path.Base(path.Dir(imported)) // math/rand/v2 is rand
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

var sources = sync.OnceValues(func() ([]source, error) {
	var all []source
	err := filepath.WalkDir(moduleRoot, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && file != moduleRoot && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(file) != ".go" {
			return nil
		}
		code, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(moduleRoot, file)
		if err != nil {
			return err
		}
		parsed, err := parseSource(filepath.ToSlash(relative), code)
		all = append(all, parsed)
		return err
	})
	return all, err
})

func parseSource(name string, code []byte) (source, error) {
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, code, parser.ParseComments|parser.SkipObjectResolution)
	return source{Path: name, Lines: bytes.Count(code, []byte("\n")), Syntax: syntax, Set: set}, err
}

func loadSources(t *testing.T) []source {
	t.Helper()
	loaded, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// given parses a file that is written in the test.
func given(t *testing.T, name, code string) source {
	t.Helper()
	parsed, err := parseSource(name, []byte(code))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// report checks every source and fails with each finding.
func report(t *testing.T, check func(source) []string) {
	t.Helper()
	for _, s := range loadSources(t) {
		for _, finding := range check(s) {
			t.Error(finding)
		}
	}
}

// bites expects a finding in the breach and none in the rest.
func bites(t *testing.T, check func(source) []string, breach source, fine ...source) {
	t.Helper()
	if len(check(breach)) == 0 {
		t.Errorf("the checker found nothing in %s", breach.Path)
	}
	for _, s := range fine {
		if found := check(s); len(found) > 0 {
			t.Errorf("the checker found %q in %s", found, s.Path)
		}
	}
}
