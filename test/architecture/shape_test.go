package architecture

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// shapeless names say where code was put and not what it is.
var shapeless = []string{"utils", "util", "common", "helpers", "helper", "misc", "shared", "base", "lib"}

func shapelessName(s source) []string {
	if slices.Contains(shapeless, s.Syntax.Name.Name) || slices.Contains(shapeless, path.Base(s.Dir())) {
		return []string{fmt.Sprintf("%s: the package's name says nothing of what it owns", s.Path)}
	}
	return nil
}

func TestPackageNames(t *testing.T) { report(t, shapelessName) }

func TestPackageNamesBite(t *testing.T) {
	bites(t, shapelessName, given(t, "domain/utils/a.go", "package utils"), given(t, "domain/user/a.go", "package user"))
}

// undescribed gives the folders whose package has no package comment.
func undescribed(all []source) []string {
	described := make(map[string]bool)
	for _, s := range all {
		if !s.Test() {
			described[s.Dir()] = described[s.Dir()] || s.Syntax.Doc != nil
		}
	}
	maps.DeleteFunc(described, func(_ string, has bool) bool { return has })
	return slices.Sorted(maps.Keys(described))
}

func TestPackagesAreDescribed(t *testing.T) {
	for _, dir := range undescribed(loadSources(t)) {
		t.Errorf("%s: no package comment says what it owns", dir)
	}
}

func TestPackagesAreDescribedBites(t *testing.T) {
	got := undescribed([]source{given(t, "a/a.go", "package a"), given(t, "b/doc.go", "// Package b.\npackage b"), given(t, "b/b.go", "package b")})
	if !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q, want a", got)
	}
}

const (
	maxLines   = 300
	longReason = "// long: "
)

// tooLong finds files over the limit without a `// long: reason` comment, and
// such comments that are no longer needed.
func tooLong(s source) []string {
	reason := slices.ContainsFunc(s.Syntax.Comments, func(group *ast.CommentGroup) bool {
		return slices.ContainsFunc(group.List, func(comment *ast.Comment) bool {
			return len(comment.Text) > len(longReason) && strings.HasPrefix(comment.Text, longReason)
		})
	})
	switch {
	case s.Lines > maxLines && !reason:
		return []string{fmt.Sprintf("%s: %d lines, over %d without a %q comment", s.Path, s.Lines, maxLines, strings.TrimSpace(longReason))}
	case s.Lines <= maxLines && reason:
		return []string{fmt.Sprintf("%s: %d lines need no %q comment", s.Path, s.Lines, strings.TrimSpace(longReason))}
	}
	return nil
}

func TestFilesAreSmall(t *testing.T) { report(t, tooLong) }

func TestFilesAreSmallBites(t *testing.T) {
	long := strings.Repeat("\n", maxLines+1)
	bites(t, tooLong, given(t, "a.go", "package a"+long), given(t, "b.go", "package a"), given(t, "c.go", "package a\n// long: one table\n"+long))
	bites(t, tooLong, given(t, "d.go", "package a\n// long: \n"+long))
	bites(t, tooLong, given(t, "e.go", "package a\n// long: it was\n"))
}

const maxMethods = 7

// wide finds interfaces of the ports that ask an implementer for too much. An
// embedded interface would hide how much.
func wide(s source) []string {
	if s.Test() || !strings.HasPrefix(s.Path, "ports/") {
		return nil
	}
	var found []string
	ast.Inspect(s.Syntax, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if port, ok := spec.Type.(*ast.InterfaceType); ok {
			methods := 0
			for _, field := range port.Methods.List {
				if methods += len(field.Names); len(field.Names) == 0 {
					found = append(found, fmt.Sprintf("%s: %s embeds another interface", s.At(field), spec.Name))
				}
			}
			if methods > maxMethods {
				found = append(found, fmt.Sprintf("%s: %s has %d methods, more than %d", s.At(spec), spec.Name, methods, maxMethods))
			}
		}
		return true
	})
	return found
}

func TestPortsAreSmall(t *testing.T) { report(t, wide) }

func TestPortsAreSmallBites(t *testing.T) {
	bites(t, wide, given(t, "ports/outbound/a.go", "package outbound; type A interface { A(); B(); C(); D(); E(); F(); G(); H() }"),
		given(t, "ports/outbound/b.go", "package outbound; type A interface { A(); B(); C(); D(); E(); F(); G() }"))
	bites(t, wide, given(t, "ports/inbound/c.go", "package inbound; type A interface { B }"))
}

// undocumented finds public identifiers of the domain and the ports without a
// comment. A group's comment serves its constants; String and Error say enough.
func undocumented(s source) []string {
	if s.Test() || !strings.HasPrefix(s.Path, "ports/") && !strings.HasPrefix(s.Path, "domain/") {
		return nil
	}
	var found []string
	missing := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(docs, func(doc *ast.CommentGroup) bool { return doc != nil }) {
			found = append(found, fmt.Sprintf("%s: %s has no comment", s.At(name), name))
		}
	}
	for _, declaration := range s.Syntax.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || !slices.Contains([]string{"String", "Error"}, d.Name.Name) {
				missing(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				continue
			}
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					missing(spec.Name, d.Doc, spec.Doc)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						missing(name, d.Doc, spec.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return found
}

func TestPublicIdentifiersAreDocumented(t *testing.T) { report(t, undocumented) }

func TestPublicIdentifiersAreDocumentedBites(t *testing.T) {
	for _, breach := range []string{"type A struct{}", "func A() {}", "type b struct{}; func (b) A() {}", "const A = 1", "var A int"} {
		bites(t, undocumented, given(t, "domain/a.go", "package domain; "+breach))
	}
	bites(t, undocumented, given(t, "ports/inbound/a.go", "package inbound; type A interface{}"),
		given(t, "ports/inbound/b.go", "package inbound\n// A is.\ntype A interface{}\n// The group.\nconst (\nB = 1\nC = 2\n)\ntype d struct{}\nfunc (d) String() string { return \"\" }\n"),
		given(t, "application/users/a.go", "package users; type A struct{}"))
}
