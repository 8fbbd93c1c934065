package config

import (
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
)

func TestWithChangesACopy(t *testing.T) {
	base, err := Load("", []string{"KEYSTONE_LOCKOUT_ATTEMPTS=7", "KEYSTONE_SESSION_MAX_AGE=100h"})
	if err != nil {
		t.Fatal(err)
	}
	base.Bootstrap.Username = "set by hand"
	next, err := base.With(map[string]string{"lockout_attempts": "3", "access_token_ttl": "1m", "lockout_durations": "1s,2s",
		"database_url": "sqlite://elsewhere", "of_a_later_version": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if next.Lockout.Attempts != 3 || next.Tokens.AccessTTL != time.Minute || len(next.Lockout.Durations) != 2 || next.Tokens.SessionMaxAge != 100*time.Hour {
		t.Errorf("with: %+v %+v", next.Lockout, next.Tokens)
	}
	if next.Bootstrap.Username != "set by hand" || next.Storage.DatabaseURL.Reveal() != "sqlite://keystone.db" {
		t.Error("what is not set at run time has changed")
	}
	if base.Lockout.Attempts != 7 || base.Tokens.AccessTTL != 15*time.Minute || len(base.Lockout.Durations) != 5 {
		t.Errorf("the base changed: %+v %+v", base.Lockout, base.Tokens)
	}
	if values := next.Changeable(); values["lockout_attempts"] != "3" || values["session_max_age"] != "100h" || values["registration"] != "open" {
		t.Errorf("values %v", values)
	}
	if back, err := base.With(nil); err != nil || back.Changeable()["lockout_attempts"] != "7" {
		t.Errorf("without: %v", err)
	}
}

func TestWithRefusesByName(t *testing.T) {
	base, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for value, overrides := range map[string]map[string]string{
		"access_token_ttl": {"access_token_ttl": "soon", "lockout_attempts": "3"}, "lockout_attempts": {"lockout_attempts": ""},
		"password_min_length": {"password_min_length": "500"}, // above the maximum
		"registration":        {"registration": "perhaps"},
	} {
		_, err := base.With(overrides)
		e := domain.AsError(err)
		if e.Code != domain.CodeInvalidInput || len(e.Fields) != 1 || e.Fields[0].Name != value {
			t.Errorf("%s: %v, %v", value, err, e.Fields)
		}
		for _, rejected := range overrides {
			if rejected != "" && strings.Contains(e.Fields[0].Message, rejected) {
				t.Errorf("%s: the message repeats the value: %s", value, e.Fields[0].Message)
			}
		}
	}
}

func TestSecretsAreNotSetAtRunTime(t *testing.T) {
	for _, v := range variables() {
		if v.runtime && v.secret {
			t.Errorf("%s is a secret, and settings are shown", v.name)
		}
	}
}
