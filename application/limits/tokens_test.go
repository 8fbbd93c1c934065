package limits

import (
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func TestPresentedBadToken(t *testing.T) {
	bad, pending := domain.Invalid(domain.CodeInvalidGrant, "no"), domain.Invalid(domain.CodeAuthorizationPending, "not yet")
	public, proving := inbound.ClientCredentials{Method: inbound.AuthNone, ID: "tv"}, inbound.ClientCredentials{Method: inbound.AuthBasic, ID: "app", Secret: domain.NewSecret("s")}
	for name, c := range map[string]struct {
		by        inbound.ClientCredentials
		parameter string
		err       error
		want      bool
	}{
		"a refresh token":             {public, "refresh_token", bad, true},
		"a device's code":             {public, "device_code", bad, true},
		"a password":                  {public, "password", bad, false}, // login_ip counts those
		"a device that waits":         {public, "device_code", pending, false},
		"a code that is good":         {public, "device_code", nil, false},
		"of a client that proves it":  {proving, "refresh_token", bad, false},
		"a code of one that does too": {proving, "device_code", bad, false},
	} {
		if got := presentedBadToken(inbound.TokenRequest{Client: c.by, Params: map[string]string{c.parameter: "x"}}, c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
