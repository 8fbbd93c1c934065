package e2e

import (
	"bytes"
	"strings"
	"sync"
)

// transcript keeps what a process writes.
type transcript struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.String()
}

// levelled gives the lines of a log that are of a level.
func levelled(log, level string) string {
	var of []string
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, `{"level":"`+level+`"`) {
			of = append(of, line)
		}
	}
	return strings.Join(of, "")
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
