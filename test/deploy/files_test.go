package deploy

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

var folder = filepath.Join("..", "..", "deploy")

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{folder}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compose loads a file as docker compose does, against its schema.
func compose(t *testing.T, name string) *types.Project {
	t.Helper()
	dir, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, name)}},
		Environment: types.Mapping{"KEYSTONE_ISSUER": "https://id.example.com"},
	}, func(o *loader.Options) { o.SetProjectName("keystone", true) })
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return project
}

// yours are what the operator makes before the start.
var yours = []string{"secrets", "certificates"}

func TestComposeFiles(t *testing.T) {
	for name, services := range map[string][]string{
		"compose.yaml":            {"keystone", "postgres", "redis", "mailpit", "prometheus", "grafana"},
		"compose.production.yaml": {"nginx", "keystone-1", "keystone-2", "keystone-3", "postgres-primary", "postgres-replica-1", "postgres-replica-2", "redis-primary", "redis-replica", "sentinel-1", "sentinel-2", "sentinel-3", "prometheus"},
	} {
		project := compose(t, name)
		for _, service := range services {
			if _, there := project.Services[service]; !there {
				t.Errorf("%s: no service %s", name, service)
			}
		}
		for _, service := range project.Services {
			for _, volume := range service.Volumes {
				if volume.Type != types.VolumeTypeBind || slices.Contains(yours, filepath.Base(volume.Source)) {
					continue
				}
				if _, err := os.Stat(volume.Source); err != nil {
					t.Errorf("%s: %s mounts what is not there: %v", name, service.Name, err)
				}
			}
			if !strings.HasPrefix(service.Name, "keystone") {
				continue
			}
			if !service.ReadOnly || service.Privileged || !slices.Contains(service.CapDrop, "ALL") || !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
				t.Errorf("%s: %s may do more than it needs", name, service.Name)
			}
		}
	}
}

// valid holds an environment to the configuration; secrets are read from files
// of the names they are mounted under. It gives nil where it is not valid.
func valid(t *testing.T, where string, environment, secrets map[string]string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	var environ []string
	for name, value := range environment {
		if strings.HasSuffix(name, "_FILE") {
			secret, known := secrets[strings.ReplaceAll(filepath.Base(value), "-", "_")]
			if !known {
				t.Errorf("%s: no secret for %s", where, name)
				continue
			}
			value = filepath.Join(dir, filepath.Base(value))
			if err := os.WriteFile(value, []byte(secret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		environ = append(environ, name+"="+value)
	}
	c, err := config.Load("", environ)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return nil
	}
	for _, warning := range c.Warnings() {
		if c.Env == config.Production {
			t.Errorf("%s: %s", where, warning)
		}
	}
	return c
}

func TestComposeSettingsAreValid(t *testing.T) {
	secrets := headSecrets(t)
	for _, name := range []string{"compose.yaml", "compose.production.yaml"} {
		for _, service := range compose(t, name).Services {
			if !strings.HasPrefix(service.Name, "keystone") {
				continue
			}
			environment := environmentOf(service)
			if len(environment) < 8 {
				t.Errorf("%s: %s has only %v", name, service.Name, environment)
			}
			c := valid(t, name+" "+service.Name, environment, secrets)
			if limit := service.Deploy; c != nil && limit != nil {
				fits(t, name+" "+service.Name, c, environment, int64(limit.Resources.Limits.MemoryBytes))
			}
		}
	}
}

func environmentOf(service types.ServiceConfig) map[string]string {
	environment := map[string]string{}
	for key, value := range service.Environment {
		if value != nil {
			environment[key] = *value
		}
	}
	return environment
}

// fits holds what hashes may take at once to a limit in bytes: their number is
// set, and not that of whatever CPUs there are.
func fits(t *testing.T, where string, c *config.Config, environment map[string]string, limit int64) {
	t.Helper()
	const (
		idle    = 60 << 20
		dearest = 256 << 20 // one imported hash, which then runs alone
	)
	hashes := int64(c.Hashing.Concurrency) * int64(c.Hashing.MemoryKiB) << 10
	if environment["KEYSTONE_HASH_CONCURRENCY"] == "" || idle+max(hashes, dearest) > limit*3/4 {
		t.Errorf("%s: %d hashes at once, set as %q, are too many for %d bytes", where, c.Hashing.Concurrency, environment["KEYSTONE_HASH_CONCURRENCY"], limit)
	}
}

// settingNames are the variables of the configuration.
func settingNames(t *testing.T) []string {
	t.Helper()
	c, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, line := range c.Print() {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	return names
}

var variable = regexp.MustCompile(`\bKEYSTONE_[A-Z0-9_]+\b`)

// TestVariablesAreKnown: a setting that nobody reads protects nothing.
func TestVariablesAreKnown(t *testing.T) {
	known := append(settingNames(t), "KEYSTONE_IMAGE", "KEYSTONE_VERSION") // of compose.production.yaml itself
	seen := 0
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, name := range variable.FindAllString(string(text), -1) {
			seen++
			if !slices.Contains(known, name) && !slices.Contains(known, strings.TrimSuffix(name, "_FILE")) {
				t.Errorf("%s: the configuration knows no %s", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("only %d variables were found", seen)
	}
}

var documented = regexp.MustCompile("(?m)^\\| `((?:KEYSTONE|OTEL)_[A-Z0-9_]+)` \\|")

// TestEveryVariableIsDocumented, once, and none that is no more.
func TestEveryVariableIsDocumented(t *testing.T) {
	want := append(settingNames(t), "OTEL_EXPORTER_OTLP_ENDPOINT")
	var got []string
	for _, row := range documented.FindAllStringSubmatch(read(t, "..", "docs", "deployment.md"), -1) {
		got = append(got, row[1])
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("docs/deployment.md does not have %s", name)
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) || slices.Contains(got[:i], name) {
			t.Errorf("docs/deployment.md has %s, which is no variable, or twice", name)
		}
	}
}

func TestDockerfile(t *testing.T) {
	text := read(t, "Dockerfile")
	for _, needed := range []string{"CGO_ENABLED=0", "distroless/static", "\nUSER nonroot", "HEALTHCHECK", `"health"`, "STOPSIGNAL SIGTERM", "ENTRYPOINT [\"/usr/bin/keystone\"]"} {
		if !strings.Contains(text, needed) {
			t.Errorf("the Dockerfile lacks %s", needed)
		}
	}
	module, err := os.ReadFile(filepath.Join(folder, "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))
	if version == nil || !strings.Contains(text, "FROM golang:"+version[1]) {
		t.Errorf("the Dockerfile does not build with the Go of go.mod, %v", version)
	}
}
