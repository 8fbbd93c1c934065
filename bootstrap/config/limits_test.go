package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
)

func limitsOf(t *testing.T, text string) domain.Limits {
	t.Helper()
	cfg, err := config.Load("", []string{"KEYSTONE_RATE_LIMITS=" + text})
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Limits
}

func TestLimitsHaveDefaults(t *testing.T) {
	got := limitsOf(t, "")
	for _, name := range domain.LimitNames() {
		if got[name].Off() || got[name].Name != name {
			t.Errorf("%s is %+v", name, got[name])
		}
	}
	if want := (domain.Limit{Name: domain.LimitSMSNumber, Count: 5, Window: 24 * time.Hour}); got[domain.LimitSMSNumber] != want {
		t.Errorf("got %+v, want %+v", got[domain.LimitSMSNumber], want)
	}
}

func TestLimitsAreSetOneByOne(t *testing.T) {
	got := limitsOf(t, "login_ip=0, token_ip=7/10s")
	if !got[domain.LimitLoginIP].Off() || got[domain.LimitTokenIP].Count != 7 || got[domain.LimitTokenIP].Window != 10*time.Second {
		t.Errorf("got %+v", got)
	}
	if got[domain.LimitLoginUser].Count != 10 {
		t.Error("a limit that was not named lost its default")
	}
	if got := limitsOf(t, "off"); len(got) != 0 {
		t.Errorf("off leaves %+v", got)
	}
	if got := limitsOf(t, "off,api_user=3/1s"); len(got) != 1 || got[domain.LimitAPIUser].Count != 3 {
		t.Errorf("off but one gives %+v", got)
	}
}

func TestBadLimitsAreRefusedWithoutEchoing(t *testing.T) {
	for _, text := range []string{
		"hunter2", "hunter2=1/1m", "login_ip", "login_ip=", "login_ip=-1/1m", "login_ip=1", "login_ip=1/", "login_ip=1/hunter2", "login_ip=1/0s",
		"login_ip=1/500ms", "login_ip=1/1500ms", "login_ip=0/1m", "login_ip=1/9999h", "login_ip=99999999999/1m", "login_ip=1/1m,login_ip=2/1m", "login_ip=1/1m,off", "LOGIN_IP=1/1m",
	} {
		_, err := config.Load("", []string{"KEYSTONE_RATE_LIMITS=" + text})
		if err == nil || !strings.HasPrefix(err.Error(), "KEYSTONE_RATE_LIMITS ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
