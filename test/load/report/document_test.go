package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// skeleton is a document with every part that a run writes.
func skeleton(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Kept\n")
	for _, name := range []string{machinePart, ratiosPart, costsPart, factsPart, progressPart} {
		b.WriteString("\n<!-- " + name + " -->\nstale " + name + "\n<!-- /" + name + " -->\nkept after " + name + "\n")
	}
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func written(t *testing.T, r *Report, path string) string {
	t.Helper()
	if err := r.WriteDocument(path); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestDocument(t *testing.T) {
	path := skeleton(t)
	text := written(t, sample(), path)
	for _, part := range []string{
		"# Kept", "kept after costs", "| GET /users/me | 64 | 30 000 |", "| **0.60** | ≥ 0.50 | met |", "| binary | 40.0 MB | ≤ 38.0 | missed |",
		"| abc1234 | 2026-11-24 12:00 | – | – | 0.60 |", "a CPU, 2 cores",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("without %q:\n%s", part, text)
		}
	}
	if strings.Contains(text, "stale ") {
		t.Errorf("a part was not rewritten:\n%s", text)
	}
	again := written(t, sample(), path)
	if again != text {
		t.Errorf("the same run written twice differs:\n%s", again)
	}
	later := sample()
	later.Commit = "def5678"
	if text = written(t, later, path); strings.Count(text, "| abc1234 |") != 1 || strings.Count(text, "| def5678 |") != 1 {
		t.Errorf("the table of runs does not hold both commits:\n%s", text)
	}
}

// TestTheDocumentOfThisProject holds it to having every part that a run rewrites.
func TestTheDocumentOfThisProject(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	written(t, sample(), path)
	growth := sample()
	growth.Rows = nil
	text := written(t, growth, path)
	if !strings.Contains(text, "| GET /users/me | 64 | 30 000 |") || strings.Count(text, "| binary | 40.0 MB |") != 2 {
		t.Errorf("a run about growth does not leave the rest:\n%s", text)
	}
}

func TestDocumentWithoutAPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("# Nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sample().WriteDocument(path); err == nil {
		t.Error("a document without the parts is accepted")
	}
}

func TestPicture(t *testing.T) {
	r := sample()
	r.Rows[0].Title = `a < "b" & c`
	picture := r.SVG()
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v\n%s", err, picture)
		}
	}
	bars := r.bars()
	if len(bars) != 2 || !bars[0].met || bars[1].met {
		t.Errorf("bars: %+v", bars)
	}
	for _, part := range []string{"0.60 · 30 000/s", `fill="#2f9e6e"`, `fill="#d9822b"`, "commit abc1234"} {
		if !strings.Contains(picture, part) {
			t.Errorf("without %q", part)
		}
	}
}
