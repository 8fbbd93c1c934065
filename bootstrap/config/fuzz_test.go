package config_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
)

func FuzzRateLimits(f *testing.F) {
	for _, seed := range []string{"", "off", "off,login_ip=3/1m", "login_ip=0", "login_ip=30/1m,login_ip=1/1m", "login_ip=-1/1m", "login_ip=1/0s", "login_ip=1/1ms", "login_ip=99999999999/1m",
		"login_ip=1/9999999h", "nothing=1/1m", "login_ip=1/1m/1m", "login_ip==1/1m", ",,,", "off,off", "login_ip=1/-1m", "login_ip=1/1m30s", "login_ip=０/1m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		cfg, err := config.Load("", []string{"KEYSTONE_RATE_LIMITS=" + value})
		if err != nil {
			var problems config.Problems
			if !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("%v", err)
			}
			return
		}
		known := domain.LimitNames()
		for name, limit := range cfg.Limits {
			if name != limit.Name || !slices.Contains(known, name) {
				t.Fatalf("a limit %s under %s", limit.Name, name)
			}
			if !limit.Off() && (limit.Count < 1 || limit.Window < time.Second || limit.Window%time.Second != 0) {
				t.Fatalf("%+v", limit)
			}
		}
	})
}

// FuzzSettings changes each setting to any text: it is refused by its name, or
// in force and shown as it was given.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{"", "1", "0", "-1", "5m", "1e3", "off", "upper,digit", "open", "disabled", "\x00", "999999999999999999999", "1h,2h", "5m,5m,5m", "true"} {
		f.Add(seed)
	}
	base, err := config.Load("", nil)
	if err != nil {
		f.Fatal(err)
	}
	before := base.Changeable()
	names := slices.Sorted(maps.Keys(before))
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range names {
			changed, err := base.With(map[string]string{name: value})
			if err != nil {
				if changed != nil || !domain.HasCode(err, domain.CodeInvalidInput) || len(domain.AsError(err).Fields) == 0 {
					t.Fatalf("%s: %v", name, err)
				}
				continue
			}
			if got := changed.Changeable()[name]; got != value {
				t.Fatalf("%s is %q, set to %q", name, got, value)
			}
			if !maps.Equal(base.Changeable(), before) {
				t.Fatalf("%s changed what it was read from", name)
			}
		}
	})
}

// FuzzFile reads any file: it is a configuration, or a list of problems.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{"", "issuer: http://localhost:8080", "KEYSTONE_ISSUER: x", "issuer: [a]", "issuer: {a: b}", "a: &a [*a]", "issuer: !!binary aGk=", "\t", "---\n---", "issuer: 1\nissuer: 2",
		"database:\n  url: sqlite://x", "lockout_attempts: 5", "lockout_attempts: 1e9", "x: " + "[[[[[[[[[[[[[[[[[[[[", "\xff\xfe", "master_key_file: /dev/null"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "keystone.yaml")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(path, nil)
		var problems config.Problems
		if err != nil && !errors.As(err, &problems) || err == nil && cfg == nil {
			t.Fatalf("%v", err)
		}
	})
}
