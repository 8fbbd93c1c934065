package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// ledger notes every password, token and secret that went over the wire.
type ledger struct {
	mu   sync.Mutex
	held map[string]bool
}

// window is how much of a secret is compared first; what is shorter is no secret.
const window = 16

func newLedger() *ledger { return &ledger{held: map[string]bool{}} }

func (l *ledger) keep(secrets ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, secret := range secrets {
		// An id is no secret, though a test may present it as one.
		if uuid.Validate(secret) != nil && len(secret) >= window {
			l.held[secret] = true
		}
	}
}

// secretNames are parameters and members that hold secrets.
var secretNames = []string{"password", "current_password", "new_password", "client_secret", "refresh_token", "access_token", "token"}

func (l *ledger) keepForm(body string) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return // broken on purpose
	}
	for _, name := range secretNames {
		l.keep(values[name]...)
	}
}

func (l *ledger) keepJSON(body []byte) {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil {
		return
	}
	for _, name := range secretNames {
		if text, ok := object[name].(string); ok {
			l.keep(text)
		}
	}
}

// spellings are the forms in which a secret could be found.
func spellings(secret string) []string {
	raw := []byte(secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(raw),
		base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	}
}

// find gives the secrets that a text holds.
func (l *ledger) find(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	byEnd := map[string][]string{}
	for secret := range l.held {
		for _, spelling := range spellings(secret) {
			end := spelling[len(spelling)-window:]
			byEnd[end] = append(byEnd[end], spelling)
		}
	}
	var found []string
	for end := window; end <= len(text); end++ {
		for _, spelling := range byEnd[text[end-window:end]] {
			if strings.HasSuffix(text[:end], spelling) {
				found = append(found, spelling)
			}
		}
	}
	return found
}

// checkSecrets looks for every secret in the logs and in the store (contract,
// sections 3.2 and 5).
func (s *Server) checkSecrets(t *testing.T) {
	t.Helper()
	places := map[string]string{"log": s.stdout.String(), "standard error": s.stderr.String()}
	for name, content := range s.stored(t) {
		places[name] = content
	}
	for place, content := range places {
		for i, secret := range s.secrets.find(content) {
			if i == 5 {
				t.Errorf("and more")
				break
			}
			t.Errorf("the %s holds a secret: %s", place, secret)
		}
	}
}

// stored is all that the server keeps: database files byte by byte, or a dump.
func (s *Server) stored(t *testing.T) map[string]string {
	t.Helper()
	path, isFile := strings.CutPrefix(s.Database, "sqlite://")
	if !isFile {
		return map[string]string{"database": s.dump(t)}
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no database files at %s: %v", path, err)
	}
	found := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found["file "+filepath.Base(file)] = string(content)
	}
	return found
}

// TestLedger holds the search itself to finding what is there.
func TestLedger(t *testing.T) {
	l := newLedger()
	const secret = "a secret + of / some length"
	l.keep(secret, "too short")
	for _, text := range append(spellings(secret), "before "+secret+" after", `{"x":"`+secret+`"}`) {
		if len(l.find(text)) == 0 {
			t.Errorf("not found in %q", text)
		}
	}
	if found := l.find("too short, a secret + of / some, of / some length"); len(found) > 0 {
		t.Errorf("found %q where there is none", found)
	}
}

// all are the secrets so far.
func (l *ledger) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.held))
}
