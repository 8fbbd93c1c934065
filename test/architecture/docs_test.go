package architecture

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link matches a Markdown link, not a picture, and its target.
var link = regexp.MustCompile(`(?m)(?:^|[^!])\[[^\]]*\]\(([^)\s]+)\)`)

// fenced matches a block of code, which may look like a link.
var fenced = regexp.MustCompile("(?s)```.*?```")

// deadLinks gives the targets in a text, a file of the folder dir, that are
// files of this repository and are not there.
func deadLinks(dir, text string) []string {
	var dead []string
	text = fenced.ReplaceAllString(text, "")
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		target, _, _ := strings.Cut(found[1], "#")
		if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(target))); err != nil {
			dead = append(dead, found[1])
		}
	}
	return dead
}

func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(moduleRoot, "docs", "*.md"))
	if err != nil || len(documents) == 0 {
		t.Fatalf("%d documents, %v", len(documents), err)
	}
	documents = append(documents, filepath.Join(moduleRoot, "README.md"), filepath.Join(moduleRoot, "CHANGELOG.md"))
	for _, path := range documents {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range deadLinks(filepath.Dir(path), string(text)) {
			t.Errorf("%s links to %s, which is not there", path, target)
		}
	}
}

func TestDeadLinksAreFound(t *testing.T) {
	text := fmt.Sprintf("[a](%s) [b](gone.go) [c](https://example.com/gone) [d](#here) [e](%s#part)\n```\nf[t](x)\n```\n", "docs_test.go", "docs_test.go")
	if got := deadLinks(".", text); len(got) != 1 || got[0] != "gone.go" {
		t.Errorf("got %q, want gone.go", got)
	}
}
