package rest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// devicesFake knows the user code BCDF-GHJK and the password "pw".
type devicesFake struct{ p *ports }

var _ inbound.Devices = devicesFake{}

func (f devicesFake) Authorize(_ context.Context, r inbound.DeviceRequest) (inbound.DeviceCodes, error) {
	f.p.called("authorize " + r.Client.ID + " for " + r.Scope)
	switch r.Scope {
	case "zzz":
		return inbound.DeviceCodes{}, domain.Invalid(domain.CodeInvalidScope, "no")
	case "other":
		return inbound.DeviceCodes{}, domain.Invalid(domain.CodeUnauthorizedClient, "no")
	}
	return inbound.DeviceCodes{Device: domain.NewSecret("ksd_secret"), User: "BCDF-GHJK", ExpiresIn: 10 * time.Minute, Interval: 5 * time.Second}, nil
}

func (f devicesFake) Device(_ context.Context, _ inbound.Caller, userCode string) (inbound.WaitingDevice, error) {
	f.p.called("device " + userCode)
	at := noon.In(time.FixedZone("elsewhere", 3600))
	return inbound.WaitingDevice{ClientID: "tv", ClientName: "Television <b>", Scope: scope.NewSet(scope.ReadProfile),
		Origin: domain.Origin{Address: "192.0.2.1", UserAgent: "TV/1"}, AskedAt: at, ExpiresAt: at.Add(time.Minute)}, found(userCode)
}

func (f devicesFake) Approve(_ context.Context, _ inbound.Caller, userCode string, password domain.Secret) error {
	f.p.called("approve " + userCode)
	if password.Reveal() != "pw" {
		return domain.E(domain.KindForbidden, domain.CodeWrongPassword, "wrong")
	}
	return found(userCode)
}

func (f devicesFake) Deny(_ context.Context, _ inbound.Caller, userCode string) error {
	f.p.called("deny " + userCode)
	return found(userCode)
}

func found(userCode string) error {
	if userCode != "BCDF-GHJK" {
		return domain.NotFound("no such device")
	}
	return nil
}

func TestDeviceAuthorization(t *testing.T) {
	h := []string{formType}
	run(t, []exampleCase{
		{name: "codes", path: deviceAuthorizationPath, headers: h, body: "client_id=tv&scope=read%3Aprofile", status: 200, calls: []string{"authorize tv for read:profile"},
			has:      []string{`"device_code":"ksd_secret"`, `"user_code":"BCDF-GHJK"`, `/device"`, `/device?user_code=BCDF-GHJK"`, `"expires_in":600`, `"interval":5`},
			answered: []string{"Cache-Control: no-store"}},
		{name: "a client that proves itself", path: deviceAuthorizationPath, headers: []string{formType, basicOfC}, status: 200, calls: []string{"authorize c for "}},
		{name: "too much", path: deviceAuthorizationPath, headers: h, body: "client_id=tv&scope=zzz", status: 400, calls: []string{"authorize tv for zzz"},
			has: []string{`"error":"invalid_scope"`}, hasNot: []string{"ksd_"}},
		{name: "a client without the grant", path: deviceAuthorizationPath, headers: h, body: "client_id=tv&scope=other", status: 400, calls: []string{"authorize tv for other"},
			has: []string{`"error":"unauthorized_client"`}},
		{name: "twice the same", path: deviceAuthorizationPath, headers: h, body: "client_id=tv&scope=a&scope=b", status: 400, has: []string{`"error":"invalid_request"`}},
		{name: "JSON", path: deviceAuthorizationPath, headers: []string{jsonType}, body: `{"client_id":"tv"}`, status: 415, has: []string{`"error":"invalid_request"`}},
	})
}

func TestDeviceDecisions(t *testing.T) {
	const at, wrong = mePath + "/devices/BCDF-GHJK", mePath + "/devices/ZZZZ-ZZZZ"
	h := []string{bare, jsonType}
	run(t, []exampleCase{
		{name: "show", method: http.MethodGet, path: at, headers: []string{bare}, status: 200, calls: []string{"device BCDF-GHJK"},
			exactly: `{"client_id":"tv","client_name":"Television <b>","scopes":["read:profile"],"address":"192.0.2.1","user_agent":"TV/1","created_at":"2026-03-01T12:00:00Z","expires_at":"2026-03-01T12:01:00Z"}`},
		{name: "show what is not there", method: http.MethodGet, path: wrong, headers: []string{bare}, status: 404, calls: []string{"device ZZZZ-ZZZZ"}, hasNot: []string{"Television"}},
		{name: "show nobody", method: http.MethodGet, path: at, status: 401},
		{name: "let in", path: at + "/approve", headers: h, body: `{"current_password":"pw"}`, status: 204, calls: []string{"approve BCDF-GHJK"}},
		{name: "let in with another password", path: at + "/approve", headers: h, body: `{"current_password":"hers"}`, status: 403, calls: []string{"approve BCDF-GHJK"},
			has: []string{`"code":"wrong_password"`}, hasNot: []string{"hers"}},
		{name: "let in what is not there", path: wrong + "/approve", headers: h, body: `{"current_password":"pw"}`, status: 404, calls: []string{"approve ZZZZ-ZZZZ"}},
		{name: "let in with more", path: at + "/approve", headers: h, body: `{"current_password":"pw","scope":"x"}`, status: 422},
		{name: "let in as nobody", path: at + "/approve", headers: []string{jsonType}, body: `{"current_password":"pw"}`, status: 401},
		{name: "keep out", path: at + "/deny", headers: []string{bare}, status: 204, calls: []string{"deny BCDF-GHJK"}},
		{name: "keep out what is not there", path: wrong + "/deny", headers: []string{bare}, status: 404, calls: []string{"deny ZZZZ-ZZZZ"}},
		{name: "keep out as nobody", path: at + "/deny", status: 401},
	})
}

// The page decides nothing and runs nothing that the address carries.
func TestDevicePage(t *testing.T) {
	run(t, []exampleCase{
		{name: "without a code", method: http.MethodGet, path: devicePagePath, status: 200, has: []string{"Log a device in"}, hasNot: []string{"The code is"}},
		{name: "with one", method: http.MethodGet, path: devicePagePath + "?user_code=BCDF-GHJK", status: 200, has: []string{"<strong>BCDF-GHJK</strong>"}},
		{name: "with a script", method: http.MethodGet, path: devicePagePath + "?user_code=%3Cscript%3E", status: 200, has: []string{"&lt;script&gt;"}, hasNot: []string{"<script>"}},
	})
}
