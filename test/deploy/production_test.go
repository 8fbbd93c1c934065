package deploy

import (
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

const production = "compose.production.yaml"

// headSecrets runs the commands at the head of the production file that make
// secrets, and gives what they made by name.
func headSecrets(t *testing.T) map[string]string {
	t.Helper()
	needs(t, "openssl")
	script := "mkdir secrets\n"
	for line := range strings.Lines(read(t, production)) {
		command, indented := strings.CutPrefix(line, "#   ")
		switch word, _, _ := strings.Cut(strings.TrimSpace(command), " "); {
		case !indented, word == "cd", word == "cp", strings.HasPrefix(word, "KEYSTONE_ISSUER="): // the start itself
		default:
			script += command
		}
	}
	dir := t.TempDir()
	shell := exec.Command("sh", "-euc", script)
	shell.Dir = dir
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	made, err := os.ReadDir(filepath.Join(dir, "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{}
	for _, file := range made {
		text, err := os.ReadFile(filepath.Join(dir, "secrets", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		secrets[file.Name()] = strings.TrimSpace(string(text))
	}
	return secrets
}

// TestProductionSecretsAreMade: each that the file mounts, and no other.
func TestProductionSecretsAreMade(t *testing.T) {
	made, mounted := headSecrets(t), compose(t, production).Secrets
	for name := range mounted {
		if made[name] == "" {
			t.Errorf("the head makes no %s", name)
		}
	}
	if len(made) != len(mounted) {
		t.Errorf("the head makes %d secrets, %d are mounted", len(made), len(mounted))
	}
}

// TestSentinelsLetKeystoneIn: they have a password of their own, which is not
// that of the URL's user.
func TestSentinelsLetKeystoneIn(t *testing.T) {
	made := headSecrets(t)
	_, raw, _ := strings.Cut(made["redis_url"], "?")
	query, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, service := range compose(t, production).Services {
		if !strings.HasPrefix(name, "sentinel-") {
			continue
		}
		if command := strings.Join(service.Command, " "); !strings.Contains(command, "requirepass $(cat /run/secrets/redis_password)") {
			t.Errorf("%s asks for no password: %s", name, command)
		}
		if got := query.Get("sentinel_password"); got == "" || got != made["redis_password"] {
			t.Errorf("%s asks for %q, Keystone says %q", name, made["redis_password"], got)
		}
	}
}

var parameter = regexp.MustCompile(`-c (max_connections|max_wal_senders|max_worker_processes|max_prepared_transactions|max_locks_per_transaction)=(\d+)`)

// TestReplicasStart: a hot standby refuses to where one of these is lower than
// the primary's.
func TestReplicasStart(t *testing.T) {
	services := compose(t, production).Services
	limits := func(name string) map[string]string {
		found := map[string]string{}
		for _, p := range parameter.FindAllStringSubmatch(strings.Join(services[name].Command, " "), -1) {
			found[p[1]] = p[2]
		}
		return found
	}
	primary := limits("postgres-primary")
	if primary["max_connections"] == "" {
		t.Fatalf("the primary has %v", primary)
	}
	for _, name := range []string{"postgres-replica-1", "postgres-replica-2"} {
		for of, want := range primary {
			if got := limits(name)[of]; got != want {
				t.Errorf("%s has %s=%s, the primary %s", name, of, got, want)
			}
		}
	}
}

// TestAddresses: one that is fixed must not be given to another container
// before, and the proxies that count are the network they are in.
func TestAddresses(t *testing.T) {
	project := compose(t, production)
	for _, service := range project.Services {
		for name, network := range service.Networks {
			if network == nil || network.Ipv4Address == "" {
				continue
			}
			if dynamic := pool(t, project.Networks[name]); dynamic.Contains(netip.MustParseAddr(network.Ipv4Address)) {
				t.Errorf("%s has %s of %s, where %s is given out", service.Name, network.Ipv4Address, name, dynamic)
			}
		}
		if trusted := environmentOf(service)["KEYSTONE_TRUSTED_PROXIES"]; strings.HasPrefix(service.Name, "keystone") && trusted != pool(t, project.Networks["edge"]).String() {
			t.Errorf("%s trusts %s", service.Name, trusted)
		}
	}
}

// pool is what addresses are given out of.
func pool(t *testing.T, network types.NetworkConfig) netip.Prefix {
	t.Helper()
	if len(network.Ipam.Config) != 1 {
		t.Fatalf("%s has %d subnets", network.Name, len(network.Ipam.Config))
	}
	given := network.Ipam.Config[0].IPRange
	if given == "" {
		given = network.Ipam.Config[0].Subnet
	}
	return netip.MustParsePrefix(given)
}

var (
	idleUpstream = regexp.MustCompile(`(?s)upstream keystone \{[^}]*\bkeepalive_timeout (\w+);`)
	largestBody  = regexp.MustCompile(`\bclient_max_body_size (\d+)m;`)
)

// TestNginxGivesWayToAnInstance: it lets go of idle connections before a stop
// closes them, and leaves it to the instance to refuse a body over 1 MiB.
func TestNginxGivesWayToAnInstance(t *testing.T) {
	text := read(t, "nginx", "nginx.conf")
	idle, body := idleUpstream.FindStringSubmatch(text), largestBody.FindStringSubmatch(text)
	if idle == nil || body == nil || body[1] == "1" {
		t.Fatalf("nginx.conf has %q and %q", idle, body)
	}
	kept, err := time.ParseDuration(idle[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range compose(t, production).Services {
		if !strings.HasPrefix(service.Name, "keystone") {
			continue
		}
		if delay, err := time.ParseDuration(environmentOf(service)["KEYSTONE_SHUTDOWN_DELAY"]); err != nil || delay <= kept {
			t.Errorf("%s stops after %s, nginx keeps connections for %s (%v)", service.Name, delay, kept, err)
		}
	}
}
