package bootstrap

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

func TestAWeakPasswordOfTheOperatorsIsTaken(t *testing.T) {
	cfg := embedded(t, "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD=KeystoneAdmin!2026-x")
	if _, said := start(t, cfg); said.Len() > 0 {
		t.Errorf("said %q", said)
	}
}

// A stored setting may be stricter than the environment that config checks.
func TestTheFirstSuperusersVariablesAreBlamed(t *testing.T) {
	cfg := embedded(t, "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD=KeystoneAdmin!2026-x")
	cfg.Passwords.MinLength = 30
	app, err := New(cfg, WithLogger(zap.NewNop()), WithNotices(&bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	err = app.Run(t.Context())
	if !isConfigProblem(err) || err.Error() != "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD must have at least 30 characters" {
		t.Errorf("got %v", err)
	}
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 1 {
		t.Errorf("problems %v", problems)
	}
}

func TestAConstructorsFailureIsOneLine(t *testing.T) {
	cfg := embedded(t)
	cfg.Hashing.Concurrency = -1
	_, err := New(cfg, WithLogger(zap.NewNop()))
	if err == nil || strings.Contains(err.Error(), "could not build") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestALostMasterKeyIsNotReplaced(t *testing.T) {
	t.Chdir(t.TempDir())
	cfg := load(t, "KEYSTONE_HTTP_ADDR=127.0.0.1:0", "KEYSTONE_OPS_ADDR=", "KEYSTONE_LOG_FORMAT=json")
	app, err := New(cfg, WithLogger(zap.NewNop()), WithNotices(&bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	if err := app.Start(ended); err != nil {
		t.Fatal(err)
	}
	end()
	if err := app.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	said := &bytes.Buffer{}
	if _, err := New(cfg, WithLogger(zap.NewNop()), WithNotices(said)); err == nil || !strings.Contains(err.Error(), "KEYSTONE_MASTER_KEY") || said.Len() > 0 {
		t.Errorf("got %v, said %q", err, said)
	}
	if _, err := os.Stat(keyFile); err == nil {
		t.Error("another key was made")
	}
}
