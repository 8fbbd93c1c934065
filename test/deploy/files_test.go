package deploy

import (
	"context"
	"encoding/base64"
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

// secrets are stand-ins of the form that the comments in deploy/ ask for.
var secrets = map[string]string{
	"database_url":          "postgres://keystone:x@postgres-primary:5432/keystone?sslmode=disable",
	"database_replica_urls": "postgres://keystone:x@postgres-replica-1:5432/keystone?sslmode=disable,postgres://keystone:x@postgres-replica-2:5432/keystone?sslmode=disable",
	"redis_url":             "redis+sentinel://:x@sentinel-1:26379,sentinel-2:26379,sentinel-3:26379?master=keystone",
	"master_key":            base64.StdEncoding.EncodeToString(make([]byte, 32)),
	"smtp_url":              "smtps://user:password@mail.example.com:465",
}

// valid holds an environment to the configuration; secrets are read from files
// of the names they are mounted under.
func valid(t *testing.T, where string, environment map[string]string) {
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
		return
	}
	for _, warning := range c.Warnings() {
		if c.Env == config.Production {
			t.Errorf("%s: %s", where, warning)
		}
	}
}

func TestComposeSettingsAreValid(t *testing.T) {
	for _, name := range []string{"compose.yaml", "compose.production.yaml"} {
		for _, service := range compose(t, name).Services {
			if !strings.HasPrefix(service.Name, "keystone") {
				continue
			}
			environment := map[string]string{}
			for key, value := range service.Environment {
				if value != nil {
					environment[key] = *value
				}
			}
			if len(environment) < 8 {
				t.Errorf("%s: %s has only %v", name, service.Name, environment)
			}
			valid(t, name+" "+service.Name, environment)
		}
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
