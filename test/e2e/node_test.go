package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var nodeMu sync.Mutex

// nodeReady installs what the package-lock.json of a folder pins, unless one of
// its packages is there. No script of a package is run.
func nodeReady(folder, pinned string) error {
	nodeMu.Lock()
	defer nodeMu.Unlock()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", pinned)); err == nil {
		return nil
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
}

// needsNode skips where there is no Node.js, or fails where there must be.
func needsNode(t *testing.T, folder, pinned string) {
	t.Helper()
	if err := nodeReady(folder, pinned); err != nil {
		if os.Getenv("CI") != "" || os.Getenv("KEYSTONE_TEST_REQUIRE_SERVICES") != "" {
			t.Fatalf("NO NODE.JS: %v", err)
		}
		t.Skipf("NO NODE.JS, SO THIS IS NOT TESTED: %v", err)
	}
}

// node runs a script of clients/ against the server. It tells on standard
// output, as a JSON list, which secrets it was given.
func (s *Server) node(t *testing.T, script string, environment map[string]string) {
	t.Helper()
	needsNode(t, "clients", "openid-client")
	command := exec.CommandContext(t.Context(), "node", script)
	command.Dir = "clients"
	command.Env = append(os.Environ(), "KEYSTONE_URL="+s.URL, "ISSUER="+s.Issuer)
	for name, value := range environment {
		command.Env = append(command.Env, name+"="+value)
	}
	out, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s: %v\n%s", script, err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var secrets []string
	if err := json.Unmarshal(out, &secrets); err != nil {
		t.Fatalf("%s: not a JSON list: %q", script, out)
	}
	s.secrets.keep(secrets...)
}

// TestOAuth4WebAPI has a strict client read every answer by the specifications.
func TestOAuth4WebAPI(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		environment := map[string]string{
			"CLIENT_ID": w.app.ID, "CLIENT_SECRET": w.app.Secret, "GUARD_ID": w.guard.ID, "GUARD_SECRET": w.guard.Secret,
			"ACCOUNT": w.alice.Username, "PASSWORD": w.alice.Password,
		}
		for _, script := range []string{"discovery.mjs", "grants.mjs", "introspection.mjs", "revocation.mjs", "errors.mjs"} {
			t.Run(script, func(t *testing.T) { s.node(t, script, environment) })
		}
	})
}
