package config_test

import (
	"slices"
	"testing"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

func TestVariablesThatAreNoSettingsAreToldOf(t *testing.T) {
	cfg, err := config.Load("", []string{
		"KEYSTONE_RATE_LIMIT=off", "KEYSTONE_HTTP_PORT=8080", "KEYSTONE_ISSUER_FILE=/run/secrets/issuer", "KEYSTONE_MASTER_KEY_FILE=", "OTHER=1",
		"KEYSTONE_PORT=tcp://10.0.0.1:80", "KEYSTONE_PORT_80_TCP=tcp://10.0.0.1:80", "KEYSTONE_SERVICE_HOST=10.0.0.1",
		"KEYSTONE_POSTGRES_SERVICE_PORT_SQL=5432", "KEYSTONE_OPS_PORT_9464_TCP_ADDR=10.0.0.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"KEYSTONE_RATE_LIMIT is not a setting", "KEYSTONE_HTTP_PORT is not a setting", "KEYSTONE_ISSUER_FILE is not a setting"} // which is no secret
	if got := cfg.Warnings(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
