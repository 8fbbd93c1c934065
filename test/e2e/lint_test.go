package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestDocumentIsLinted holds what `keystone openapi` prints to the rules that
// others have for such documents; a warning fails too.
func TestDocumentIsLinted(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	needsNode(t, "lint", "@stoplight")
	print := exec.CommandContext(t.Context(), program, "openapi")
	print.Dir = t.TempDir()
	print.Env = []string{"PATH=" + os.Getenv("PATH")}
	var complaints bytes.Buffer
	print.Stderr = &complaints
	document, err := print.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &complaints)
	}
	path := filepath.Join(print.Dir, "openapi.json")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	lint := exec.CommandContext(t.Context(), filepath.Join("node_modules", ".bin", "spectral"), "lint", "--fail-severity=hint", path)
	lint.Dir = "lint"
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
