package bootstrap

import (
	"bytes"
	"errors"
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
