package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const modulePath = "github.com/keystone-auth/keystone"

// moduleRoot is relative to this folder, where `go test` runs.
var moduleRoot = filepath.Join("..", "..")

// goPackage is one package of this module with its imports outside of tests,
// sorted by where they come from.
type goPackage struct {
	Path       string   // relative to the module: "domain/user"
	Own        []string // packages of this module, relative
	ThirdParty []string // module paths: "github.com/uptrace/bun"
	Standard   []string // import paths
}

// listed is what this test reads of `go list -json`.
type listed struct {
	ImportPath string
	Standard   bool
	Module     *struct{ Path string }
	Imports    []string
}

var packages = sync.OnceValues(func() ([]goPackage, error) {
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Module,Imports", "./...")
	command.Dir = moduleRoot
	out, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, errors.New("go list: " + string(exit.Stderr))
		}
		return nil, err
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one listed
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return sortImports(all), nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
})

// sortImports tells the imports of the module's own packages apart.
func sortImports(all []listed) []goPackage {
	byPath := make(map[string]listed, len(all))
	for _, one := range all {
		byPath[one.ImportPath] = one
	}
	var own []goPackage
	for _, one := range all {
		if one.Module == nil || one.Module.Path != modulePath {
			continue
		}
		p := goPackage{Path: relative(one.ImportPath)}
		for _, path := range one.Imports {
			switch imported := byPath[path]; {
			case imported.Module == nil:
				p.Standard = append(p.Standard, path) // and "C", "unsafe"
			case imported.Module.Path == modulePath:
				p.Own = append(p.Own, relative(path))
			default:
				p.ThirdParty = append(p.ThirdParty, imported.Module.Path)
			}
		}
		slices.Sort(p.ThirdParty)
		p.ThirdParty = slices.Compact(p.ThirdParty)
		own = append(own, p)
	}
	return own
}

func relative(path string) string { return strings.TrimPrefix(path, modulePath+"/") }

func loadPackages(t *testing.T) []goPackage {
	t.Helper()
	loaded, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}
