package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain/token"
)

const key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func TestDefaultsAreTheContracts(t *testing.T) {
	cfg, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !cfg.SQLite() || cfg.HTTP.Addr != ":8080" || cfg.HTTP.OpsAddr != "127.0.0.1:9464" || cfg.HTTP.Issuer.String() != "http://localhost:8080" {
		t.Errorf("addresses and database: %+v", cfg.HTTP)
	}
	want := config.Tokens{Algorithm: token.ES256, AccessTTL: 15 * time.Minute, RefreshTTL: 720 * time.Hour, SessionMaxAge: 2160 * time.Hour, RetryWindow: 10 * time.Second,
		KeyRotation: 2160 * time.Hour}
	if diff := cmp.Diff(want, cfg.Tokens); diff != "" {
		t.Error(diff)
	}
	if cfg.Passwords.MinLength != 15 || cfg.Passwords.MaxLength != 256 || cfg.Hashing.MemoryKiB != 19456 || cfg.Hashing.Iterations != 2 || cfg.Hashing.Queue != 128 {
		t.Errorf("passwords %+v, hashing %+v", cfg.Passwords, cfg.Hashing)
	}
	durations := []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}
	if cfg.Lockout.Attempts != 5 || !slices.Equal(cfg.Lockout.Durations, durations) {
		t.Errorf("lockout %+v", cfg.Lockout)
	}
	if warnings := cfg.Warnings(); len(warnings) != 0 {
		t.Errorf("the defaults warn: %q", warnings)
	}
}

func TestEveryProblemIsReportedWithItsVariable(t *testing.T) {
	_, err := config.Load("", []string{
		"KEYSTONE_ENV=staging", "KEYSTONE_HTTP_ADDR=8080", "KEYSTONE_ISSUER=https://id.example.com/", "KEYSTONE_DATABASE_URL=mysql://x",
		"KEYSTONE_DATABASE_MAX_CONNS=1", "KEYSTONE_REDIS_URL=redis+sentinel://a:1", "KEYSTONE_JWT_ALGORITHM=none", "KEYSTONE_ACCESS_TOKEN_TTL=0s",
		"KEYSTONE_CLOCK_LEEWAY=61s", "KEYSTONE_PASSWORD_MIN_LENGTH=7", "KEYSTONE_ARGON2_MEMORY_KIB=4096", "KEYSTONE_LOCKOUT_DURATIONS=soon",
		"KEYSTONE_TRUSTED_PROXIES=10.0.0.0/33", "KEYSTONE_CORS_ORIGINS=https://a.example/path", "KEYSTONE_REGISTRATION=maybe",
		"KEYSTONE_LOG_LEVEL=loud", "KEYSTONE_MASTER_KEY_FILE=/nonexistent/key",
		"KEYSTONE_MASTER_KEY_PREVIOUS=c2hvcnQ=", "KEYSTONE_BOOTSTRAP_ADMIN_USERNAME=a b", "KEYSTONE_BOOTSTRAP_ADMIN_EMAIL=nobody",
		"KEYSTONE_PASSWORD_REQUIRE=upper,emoji", "KEYSTONE_PASSWORD_MIN_STRENGTH=5", "KEYSTONE_PASSWORD_HISTORY=-1",
	})
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{
		"ENV", "HTTP_ADDR", "ISSUER", "DATABASE_URL", "DATABASE_MAX_CONNS", "REDIS_URL", "JWT_ALGORITHM", "ACCESS_TOKEN_TTL", "CLOCK_LEEWAY",
		"PASSWORD_MIN_LENGTH", "ARGON2_MEMORY_KIB", "LOCKOUT_DURATIONS", "TRUSTED_PROXIES", "CORS_ORIGINS", "REGISTRATION", "LOG_LEVEL", "MASTER_KEY_FILE",
		"MASTER_KEY_PREVIOUS", "BOOTSTRAP_ADMIN_USERNAME", "BOOTSTRAP_ADMIN_EMAIL",
		"PASSWORD_REQUIRE", "PASSWORD_MIN_STRENGTH", "PASSWORD_HISTORY",
	} {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, "KEYSTONE_"+name+" ") }) {
			t.Errorf("no problem names KEYSTONE_%s", name)
		}
	}
	if len(problems) != 23 {
		t.Errorf("%d problems, want 23:\n%v", len(problems), err)
	}
}

func problemsOf(environ ...string) []string {
	_, err := config.Load("", environ)
	var problems config.Problems
	errors.As(err, &problems)
	var names []string
	for _, p := range problems {
		name, _, _ := strings.Cut(p, " ")
		names = append(names, name)
	}
	return names
}

func TestWhatFollowsFromSeveralValuesIsSaidWithTheRest(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "\n")
	for want, environ := range map[string][]string{
		"KEYSTONE_LOG_LEVEL KEYSTONE_MASTER_KEY KEYSTONE_SMTP_URL": {"KEYSTONE_ENV=production", "KEYSTONE_LOG_LEVEL=loud"},
		"KEYSTONE_ISSUER KEYSTONE_MASTER_KEY KEYSTONE_SMTP_URL":    {"KEYSTONE_ENV=production", "KEYSTONE_ISSUER=x", "KEYSTONE_MASTER_KEY=x"}, // each once
		"KEYSTONE_MASTER_KEY_FILE KEYSTONE_SMTP_URL":               {"KEYSTONE_ENV=production", "KEYSTONE_MASTER_KEY_FILE=" + empty},
		"KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD KEYSTONE_ENV":           {"KEYSTONE_ENV=staging", "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD=short"},
		"KEYSTONE_OPS_ADDR":            {"KEYSTONE_HTTP_ADDR=127.0.0.1:5000", "KEYSTONE_OPS_ADDR=127.0.0.1:5000"},
		"KEYSTONE_HTTP_ADDR":           {"KEYSTONE_HTTP_ADDR=8080", "KEYSTONE_OPS_ADDR=:8080"}, // the default of the first
		"KEYSTONE_PASSWORD_MAX_LENGTH": {"KEYSTONE_PASSWORD_MAX_LENGTH=x", "KEYSTONE_PASSWORD_MIN_LENGTH=300"},
		"":                             {"KEYSTONE_HTTP_ADDR=127.0.0.1:0", "KEYSTONE_OPS_ADDR=127.0.0.1:0"},
	} {
		if got := strings.Join(problemsOf(environ...), " "); got != want {
			t.Errorf("%v: got %s", environ, got)
		}
	}
}

func TestURLsAreReadAsTheirUsersWill(t *testing.T) {
	for name, values := range map[string][]string{
		"ISSUER": {
			"https://id.example.com?", "https://id.example.com#", "https://:443", "https://id.example.com:", "https://id.example.com:0", "https://id.example.com:65536",
			"https://user@id.example.com", "https://id.example.com/a/",
		},
		"LINK_BASE_URL":         {"https://:443", "https://a.example?", "https://a.example:99999"},
		"CORS_ORIGINS":          {"https://:443", "https://a.example:65536", "https://a.example:"},
		"DATABASE_URL":          {"sqlite://a.db?mode=ro", "sqlite://:memory:", "postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h/d?sslmode=hunter2", "postgres://u:hunter2@h/d?connect_timeout=x", "postgres:///d"},
		"DATABASE_REPLICA_URLS": {"sqlite://a.db", "postgres://h/d,mysql://u:hunter2@h"},
	} {
		for _, value := range values {
			_, err := config.Load("", []string{"KEYSTONE_MASTER_KEY=" + key, "KEYSTONE_" + name + "=" + value})
			if err == nil || !strings.HasPrefix(err.Error(), "KEYSTONE_"+name+" ") || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", value, err)
			}
		}
	}
}

func TestProductionRefusesWhatIsUnsafe(t *testing.T) {
	for name, tc := range map[string]struct {
		environ []string
		refuses []string
	}{
		"bare": {[]string{"KEYSTONE_ENV=production"}, []string{"KEYSTONE_MASTER_KEY", "KEYSTONE_SMTP_URL"}},
		"http issuer, weak hashing": {
			[]string{"KEYSTONE_ENV=production", "KEYSTONE_MASTER_KEY=" + key, "KEYSTONE_SMTP_URL=smtp://m", "KEYSTONE_ISSUER=http://id.example.com", "KEYSTONE_ARGON2_ITERATIONS=1"},
			[]string{"KEYSTONE_ARGON2_MEMORY_KIB", "KEYSTONE_ISSUER"},
		},
		"Postgres without a key, in development too": {[]string{"KEYSTONE_DATABASE_URL=postgres://h/d"}, []string{"KEYSTONE_MASTER_KEY"}},
		"loopback issuer is fine":                    {[]string{"KEYSTONE_ENV=production", "KEYSTONE_MASTER_KEY=" + key, "KEYSTONE_SMTP_URL=smtp://m"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.refuses, problemsOf(tc.environ...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnvironmentWinsOverFileOverDefaults(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "key")
	write(t, secret, key+"\n")
	file := filepath.Join(dir, "keystone.yaml")
	write(t, file, "http_addr: \":9000\"\naccess_token_ttl: 5m\ncors_origins: [https://a.example, https://b.example]\nmaster_key_file: "+secret+"\n")
	cfg, err := config.Load(file, []string{"KEYSTONE_ACCESS_TOKEN_TTL=1m", "KEYSTONE_SERVICE_HOST=10.0.0.1", "KEYSTONE_OPS_ADDR=", "KEYSTONE_REGISTRATION="})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.HTTP.Addr != ":9000" || cfg.Tokens.AccessTTL != time.Minute || cfg.HTTP.OpsAddr != "" || cfg.Accounts.RegistrationClosed {
		t.Errorf("%+v %+v", cfg.HTTP, cfg.Tokens)
	}
	if cfg.Secrets.MasterKey.Reveal() != key || len(cfg.HTTP.CORSOrigins) != 2 {
		t.Errorf("the secret file or the list was not read: %v", cfg.HTTP.CORSOrigins)
	}
	for _, line := range cfg.Print() {
		if strings.Contains(line, key) {
			t.Errorf("a secret is printed: %s", line)
		}
	}
	if !slices.Contains(cfg.Print(), "KEYSTONE_MASTER_KEY=[redacted]") || !slices.Contains(cfg.Print(), "KEYSTONE_ACCESS_TOKEN_TTL=1m") {
		t.Errorf("printed: %q", cfg.Print())
	}
}

func TestAFileWithUnknownSettingsIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keystone.yaml")
	write(t, file, "acess_token_ttl: 5m\nissuer_file: issuer\n")
	if _, err := config.Load(file, nil); err == nil || !strings.Contains(err.Error(), "acess_token_ttl") || !strings.Contains(err.Error(), "issuer_file") {
		t.Errorf("got %v", err)
	}
	if _, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"), nil); err == nil {
		t.Error("a missing file was taken for an empty one")
	}
}

func TestReplicasAreOfPostgres(t *testing.T) {
	replicas := "KEYSTONE_DATABASE_REPLICA_URLS=postgres://a/d, postgres://b/d"
	cfg, err := config.Load("", []string{replicas, "KEYSTONE_DATABASE_URL=postgres://h/d", "KEYSTONE_MASTER_KEY=" + key})
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Storage.ReplicaURLs; len(got) != 2 || got[0].Reveal() != "postgres://a/d" || got[1].Reveal() != "postgres://b/d" {
		t.Errorf("read %d replicas", len(got))
	}
	if _, err := config.Load("", []string{replicas}); err == nil || err.Error() != "KEYSTONE_DATABASE_REPLICA_URLS takes Postgres in KEYSTONE_DATABASE_URL" {
		t.Errorf("with SQLite: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"", "http://localhost", "sqlite://", "postgres://u:p@h/d", "redis://h", "1h,2h", "10.0.0.0/8", "[::1]:1", "-1", "999999999999999999999", "\x00", "smtp://user:p%ss@h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{"ISSUER", "DATABASE_URL", "REDIS_URL", "HTTP_ADDR", "LOCKOUT_DURATIONS", "TRUSTED_PROXIES", "CORS_ORIGINS", "HASH_QUEUE", "ACCESS_TOKEN_TTL"} {
			_, err := config.Load("", []string{"KEYSTONE_" + name + "=" + value})
			var problems config.Problems
			if err != nil && !errors.As(err, &problems) {
				t.Fatalf("KEYSTONE_%s: %v is no list of problems", name, err)
			}
		}
	})
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheFirstPasswordIsHeldToItsForm(t *testing.T) {
	for password, want := range map[string]string{
		"KeystoneAdmin!2026-x": "", "admin-admin-admin": "", // how good it is, the operator decides
		"hunter2":                  "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD must have at least 15 characters",
		strings.Repeat("a", 257):   "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD must have at most 256 characters",
		"hunter2-hunter2-\xff\xfe": "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD must be valid UTF-8 without NUL",
	} {
		_, err := config.Load("", []string{"KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD=" + password})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q", password, got)
		}
	}
}

func TestNewReadsNoEnvironment(t *testing.T) {
	t.Setenv("KEYSTONE_ISSUER", "https://environment.example.com")
	cfg, err := config.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.HTTP.Issuer.String(); got != "http://localhost:8080" {
		t.Errorf("the issuer is %s", got)
	}
	byFile, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Print(), byFile.Print(); !slices.Equal(got, want) {
		t.Errorf("the defaults are %q, and from an empty environment %q", got, want)
	}
}

// TestTracingIsChecked: what the library of OpenTelemetry would refuse at the
// start, or leave out, is a problem of the configuration. Untraced, nobody asks.
func TestTracingIsChecked(t *testing.T) {
	for setting, good := range map[string]bool{
		"OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.25": true,
		"OTEL_TRACES_SAMPLER=always_off OTEL_TRACES_SAMPLER_ARG=unread":             true,
		"OTEL_TRACES_SAMPLER=bogus":                                    false,
		"OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=2":   false,
		"OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=NaN": false,
		"OTEL_RESOURCE_ATTRIBUTES=zone=a,rack=":                        true,
		"OTEL_RESOURCE_ATTRIBUTES=zone=a,novalue":                      false,
	} {
		environ := strings.Fields(setting)
		if _, err := config.Load("", environ); err != nil {
			t.Errorf("%s, untraced: %v", setting, err)
		}
		name, _, _ := strings.Cut(setting, "=")
		_, err := config.Load("", append(environ, "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"))
		if good && err != nil || !good && (err == nil || !strings.HasPrefix(err.Error(), name+" ") || strings.Contains(err.Error(), "novalue")) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func TestTracesGoToAURL(t *testing.T) {
	for endpoint, good := range map[string]bool{"": true, "http://localhost:4318": true, "localhost:4318": false, "https://user:secret@host": false} {
		c, err := config.Load("", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint})
		if good && (err != nil || c.Tracing.Endpoint != endpoint) {
			t.Errorf("%q: %v", endpoint, err)
		}
		if !good && (err == nil || !strings.HasPrefix(err.Error(), "OTEL_EXPORTER_OTLP_ENDPOINT ") || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
