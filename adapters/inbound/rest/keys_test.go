package rest

import (
	"context"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// keysPort has one key that retired.
type keysPort struct {
	p   *ports
	err error
}

func (k keysPort) Keys(_ context.Context, _ inbound.Caller, page domain.Page) (domain.Listing[inbound.SigningKey], error) {
	k.p.called("keys")
	return domain.Listing[inbound.SigningKey]{Next: "kid-1", Items: []inbound.SigningKey{
		{ID: "kid-1" + page.After, Algorithm: token.ES256, State: token.KeyRetired, CreatedAt: noon, ActivatedAt: noon, RetiredAt: noon, ExpiresAt: noon},
	}}, k.err
}

func (k keysPort) Rotate(context.Context, inbound.Caller) (inbound.SigningKey, error) {
	k.p.called("rotate")
	return inbound.SigningKey{ID: "kid-2", Algorithm: token.ES256, State: token.KeyActive, CreatedAt: noon, ActivatedAt: noon}, k.err
}

func TestKeys(t *testing.T) {
	const at = `"2026-03-01T12:00:00Z"`
	away := func(p *ports) { p.keys.err = domain.Unavailable(nil, 0) }
	run(t, []exampleCase{
		{name: "listed", method: "GET", path: keysPath, headers: []string{full}, status: 200, calls: []string{"keys"}, answered: []string{"Cache-Control: no-store"},
			exactly: `{"items":[{"kid":"kid-1","algorithm":"ES256","state":"retired","created_at":` + at + `,"activated_at":` + at + `,"retired_at":` + at + `,"expires_at":` + at + `}],"next_cursor":"` + cursor(keyList, "kid-1") + `"}`},
		{name: "the next page", method: "GET", path: keysPath + "?limit=1&cursor=" + cursor(keyList, "-after"), headers: []string{full}, status: 200, calls: []string{"keys"}, has: []string{`"kid":"kid-1-after"`}},
		{name: "no limit", method: "GET", path: keysPath + "?limit=0", headers: []string{full}, status: 422},
		{name: "without scope", method: "GET", path: keysPath, headers: []string{bare}, status: 403, has: []string{"insufficient_scope"}},
		{name: "rotated", path: keysPath + "/rotate", headers: []string{full}, status: 200, calls: []string{"rotate"},
			exactly: `{"kid":"kid-2","algorithm":"ES256","state":"active","created_at":` + at + `,"activated_at":` + at + `,"retired_at":null,"expires_at":null}`},
		{name: "rotated, with an empty object", path: keysPath + "/rotate", headers: []string{full, jsonType}, body: `{}`, status: 200, calls: []string{"rotate"}},
		{name: "rotated, with wishes", path: keysPath + "/rotate", headers: []string{full, jsonType}, body: `{"kid":"mine"}`, status: 422},
		{name: "rotated without scope", path: keysPath + "/rotate", headers: []string{bare}, status: 403},
		{name: "GET rotates nothing", method: "GET", path: keysPath + "/rotate", headers: []string{full}, status: 405},
		{name: "no store", path: keysPath + "/rotate", headers: []string{full}, status: 503, calls: []string{"rotate"}, given: away},
	})
}
