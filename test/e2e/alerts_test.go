package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	sampleLine = regexp.MustCompile(`(?m)^(\w+)(?:\{([^}]*)\})? `)
	labelName  = regexp.MustCompile(`(\w+)="`)
	asked      = regexp.MustCompile(`\b(keystone|process|go)_[a-z_]+\b`)
	matched    = regexp.MustCompile(`\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	grouped    = regexp.MustCompile(`\bby \(([^)]*)\)`)
	ruleExpr   = regexp.MustCompile(`(?m)^ +expr: (?:\|\n((?: {10}.*\n)+)|(.*))`)
)

// expressions are those of the alert rules and of the dashboard.
func expressions(t *testing.T) []string {
	t.Helper()
	deploy := filepath.Join("..", "..", "deploy")
	rules, err := os.ReadFile(filepath.Join(deploy, "prometheus", "keystone.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, found := range ruleExpr.FindAllStringSubmatch(string(rules), -1) {
		all = append(all, found[1]+found[2])
	}
	text, err := os.ReadFile(filepath.Join(deploy, "grafana", "keystone.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			all = append(all, target.Expr)
		}
	}
	return all
}

// TestAlertsAndDashboardAskForWhatThereIs holds each metric and label to a
// scrape of a server that has done some work.
func TestAlertsAndDashboardAskForWhatThereIs(t *testing.T) {
	needsProcess(t)
	t.Parallel()
	ops := freeAddress(t)
	s := start(t, stores[1].settings(t).with(settings{"OPS_ADDR": ops, "RATE_LIMITS": "login_ip=100/1m"}))
	w := newWorld(t, s)
	s.refresh(t, w.session.Refresh)
	s.want(t, http.StatusOK, me(s.login(t, w.alice).Access))
	s.want(t, http.StatusBadRequest, passwordGrant(account{Username: w.alice.Username, Password: "wrong " + newPassword()}))

	answer, err := s.http.Get("http://" + ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }() // read to its end
	scraped := map[string]map[string]bool{}
	var text strings.Builder
	if err := answer.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, sample := range sampleLine.FindAllStringSubmatch(text.String(), -1) {
		if scraped[sample[1]] == nil {
			scraped[sample[1]] = map[string]bool{}
		}
		for _, label := range labelName.FindAllStringSubmatch(sample[2], -1) {
			scraped[sample[1]][label[1]] = true
		}
	}

	all := expressions(t)
	if len(all) < 30 {
		t.Fatalf("only %d expressions were found", len(all))
	}
	for _, expression := range all {
		labels := map[string]bool{"instance": true, "job": true} // of Prometheus itself
		for _, name := range asked.FindAllString(expression, -1) {
			if scraped[name] == nil {
				t.Errorf("there is no metric %s, which is asked for by %s", name, expression)
			}
			for label := range scraped[name] {
				labels[label] = true
			}
		}
		var wanted []string
		for _, braces := range matched.FindAllStringSubmatch(expression, -1) {
			for _, m := range matcher.FindAllStringSubmatch(braces[1], -1) {
				wanted = append(wanted, m[1])
			}
		}
		for _, by := range grouped.FindAllStringSubmatch(expression, -1) {
			wanted = append(wanted, strings.Split(by[1], ", ")...)
		}
		for _, label := range wanted {
			if !labels[label] {
				t.Errorf("no metric has the label %s in %s", label, expression)
			}
		}
	}
}

// TestMasterKeyChange follows the steps of docs/deployment.md.
func TestMasterKeyChange(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		keys := string(s.get(t, "/.well-known/jwks.json").body)
		first := s.settings["MASTER_KEY"]
		s.settings["MASTER_KEY"], s.settings["MASTER_KEY_PREVIOUS"] = newMasterKey(), first
		s.secrets.keep(s.settings["MASTER_KEY"])
		s.Restart(t)
		refreshed := s.refresh(t, w.session.Refresh)
		if resealed := s.wantRun(t, "", "keys", "reseal"); !strings.HasPrefix(resealed, "resealed: ") {
			t.Errorf("keys reseal says %s", resealed)
		}
		delete(s.settings, "MASTER_KEY_PREVIOUS")
		s.Restart(t)
		if got := string(s.get(t, "/.well-known/jwks.json").body); got != keys {
			t.Errorf("the keys were\n%s\nand are\n%s", keys, got)
		}
		s.want(t, http.StatusOK, me(refreshed.Access))
		s.refresh(t, refreshed.Refresh)
		s.login(t, w.alice)
		if verdict := s.wantRun(t, "", "audit", "verify"); !strings.Contains(verdict, " seals over ") {
			t.Errorf("audit verify says %s", verdict)
		}
		s.Stop(t)
		s.settings["MASTER_KEY"] = first
		if got := s.run(t, "", "keys", "list"); got.code != 1 || !strings.Contains(got.errors, "master key") {
			t.Errorf("with the old key: exit code %d, %s", got.code, got.errors)
		}
	})
}

// TestHealthCommand asks the instance of its own configuration.
func TestHealthCommand(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		if said := s.wantRun(t, "", "health"); !strings.HasPrefix(said, "ready\n") || !strings.Contains(said, "database") {
			t.Errorf("health says %s", said)
		}
		s.Stop(t)
		if got := s.run(t, "", "health"); got.code != 1 || !strings.HasPrefix(got.errors, "keystone: not ready: ") {
			t.Errorf("health of nobody: exit code %d, %s", got.code, got.errors)
		}
	})
}
