package architecture

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var suitePort = regexp.MustCompile(`outbound\.([A-Z]\w*)`)

// unheld finds the outbound ports that no published suite says it holds an
// implementation to. A suite says so in its comment: that is where an adapter's
// author looks.
func unheld(all []source) []string {
	held, ports := map[string]bool{}, map[string]source{}
	for _, s := range all {
		for _, declaration := range s.Syntax.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if s.Dir() == "test/contract" && !s.Test() && d.Recv == nil && strings.HasPrefix(d.Name.Name, "Run") && d.Doc != nil {
					for _, named := range suitePort.FindAllStringSubmatch(d.Doc.Text(), -1) {
						held[named[1]] = true
					}
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if t, is := spec.(*ast.TypeSpec); is && s.Dir() == "ports/outbound" && !s.Test() && t.Name.IsExported() {
						if _, is := t.Type.(*ast.InterfaceType); is {
							ports[t.Name.Name] = s
						}
					}
				}
			}
		}
	}
	var found []string
	for port, s := range ports {
		if !held[port] {
			found = append(found, fmt.Sprintf("%s: no suite in test/contract holds an adapter to outbound.%s", s.Path, port))
		}
	}
	slices.Sort(found)
	return found
}

func TestEveryPortHasASuite(t *testing.T) {
	for _, finding := range unheld(loadSources(t)) {
		t.Error(finding)
	}
}

func TestEveryPortHasASuiteBites(t *testing.T) {
	got := unheld([]source{
		given(t, "ports/outbound/a.go", "package outbound\ntype A interface{ Do() }\ntype B interface{ Do() }\ntype C struct{}\ntype d interface{}"),
		given(t, "test/contract/a.go", "package contract\n// RunA holds an implementation to outbound.A.\nfunc RunA() {}\n// about outbound.B\nfunc helper() {}"),
	})
	if len(got) != 1 || !strings.Contains(got[0], "outbound.B") {
		t.Errorf("got %q, want a finding about outbound.B", got)
	}
}
