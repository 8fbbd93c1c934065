package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func TestKeysCommands(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for args, want := range map[string]string{
		"keys list": "one ES256 retired created 2026-03-01T12:00:00Z activated 2026-03-01T12:00:00Z retired 2026-03-01T12:00:00Z expires 2026-03-01T12:00:00Z\n" +
			"two ES256 next created 2026-03-01T12:00:00Z\n",
		"keys rotate": "active: two\n",
		"keys reseal": "resealed: 3\n",
	} {
		var calls []string
		var file string
		c := recording(&calls, &file)
		c.KeysList = func(context.Context) ([]inbound.SigningKey, error) {
			return []inbound.SigningKey{
				{ID: "one", Algorithm: token.ES256, State: token.KeyRetired, CreatedAt: at, ActivatedAt: at, RetiredAt: at, ExpiresAt: at},
				{ID: "two", Algorithm: token.ES256, State: token.KeyNext, CreatedAt: at},
			}, nil
		}
		c.KeysRotate = func(context.Context) (inbound.SigningKey, error) { return inbound.SigningKey{ID: "two"}, nil }
		c.KeysReseal = func(context.Context) (int, error) { return 3, nil }
		var out, failed bytes.Buffer
		if code := Run(t.Context(), c, strings.Fields(args), nil, &out, &failed); code != 0 || out.String() != want || failed.Len() > 0 {
			t.Errorf("%s: code %d, %q, %q", args, code, out.String(), failed.String())
		}
	}
}

func TestAuditVerify(t *testing.T) {
	for name, c := range map[string]struct {
		findings []string
		code     int
		out      string
	}{
		"sound":  {nil, 0, "3 seals over 12 events, head 3 ab\n"},
		"harmed": {[]string{"events 1 to 5: some were removed"}, 1, "events 1 to 5: some were removed\n3 seals over 12 events, head 3 ab\n"},
	} {
		var calls []string
		var file string
		commands := recording(&calls, &file)
		commands.AuditVerify = func(context.Context) (inbound.AuditVerdict, error) {
			return inbound.AuditVerdict{Seals: 3, Records: 12, Head: domain.Seal{Number: 3, MAC: []byte{0xab}}, Findings: c.findings}, nil
		}
		var out, failed bytes.Buffer
		if code := Run(t.Context(), commands, []string{"audit", "verify"}, nil, &out, &failed); code != c.code || out.String() != c.out || failed.Len() > 0 != (c.code > 0) {
			t.Errorf("%s: code %d, %q, %q", name, code, out.String(), failed.String())
		}
	}
}
