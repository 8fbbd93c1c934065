package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	service "github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// access is the ports of roles, scopes and clients; it writes down what arrived.
type accessPorts struct {
	said []string
	err  error
}

func (p *accessPorts) say(format string, args ...any) error {
	p.said = append(p.said, fmt.Sprintf(format, args...))
	return p.err
}

func given(text *string) string {
	if text == nil {
		return "nothing"
	}
	return fmt.Sprintf("%q", *text)
}

var (
	theRole   = role.Snapshot{ID: uuidOf(alice), Name: "auditor", Description: "d", Scopes: scope.NewSet(scope.ReadAudit), Version: 3, CreatedAt: noon, UpdatedAt: noon}
	theScope  = scope.Snapshot{ID: uuidOf(alice), Name: "read:x", Description: "d", Resource: "x", Version: 4, CreatedAt: noon, UpdatedAt: noon}
	theClient = service.Snapshot{ClientID: "ksc_1", SecretHash: "never shown", PreviousSecretHash: "never shown", AuthMethod: "client_secret_basic", Name: "n", IsActive: true,
		GrantTypes: []string{"client_credentials"}, Version: 5, CreatedAt: noon, UpdatedAt: noon}
)

type fakeRoles struct{ *accessPorts }

func (p fakeRoles) List(_ context.Context, _ inbound.Caller, page domain.Page) (domain.Listing[role.Snapshot], error) {
	return domain.Listing[role.Snapshot]{Items: []role.Snapshot{theRole}, Next: "next"}, p.say("list %d %s", page.Limit, page.After)
}
func (p fakeRoles) Get(_ context.Context, _ inbound.Caller, name string) (role.Snapshot, error) {
	return theRole, p.say("get %s", name)
}
func (p fakeRoles) Create(_ context.Context, _ inbound.Caller, name, description string) (role.Snapshot, error) {
	return theRole, p.say("create %s %s", name, description)
}
func (p fakeRoles) Describe(_ context.Context, _ inbound.Caller, name string, description *string, version int64) (role.Snapshot, error) {
	return theRole, p.say("describe %s %s %d", name, given(description), version)
}
func (p fakeRoles) Delete(_ context.Context, _ inbound.Caller, name string, version int64) error {
	return p.say("delete %s %d", name, version)
}
func (p fakeRoles) Grant(_ context.Context, _ inbound.Caller, name, granted string, version int64) error {
	return p.say("grant %s %s %d", name, granted, version)
}
func (p fakeRoles) Withdraw(_ context.Context, _ inbound.Caller, name, withdrawn string, version int64) error {
	return p.say("withdraw %s %s %d", name, withdrawn, version)
}

type fakeScopes struct{ *accessPorts }

func (p fakeScopes) List(_ context.Context, _ inbound.Caller, page domain.Page) (domain.Listing[scope.Snapshot], error) {
	return domain.Listing[scope.Snapshot]{}, p.say("list %d %s", page.Limit, page.After)
}
func (p fakeScopes) Get(_ context.Context, _ inbound.Caller, name string) (scope.Snapshot, error) {
	return theScope, p.say("get %s", name)
}
func (p fakeScopes) Create(_ context.Context, _ inbound.Caller, name, description string) (scope.Snapshot, error) {
	return theScope, p.say("create %s %s", name, description)
}
func (p fakeScopes) Describe(_ context.Context, _ inbound.Caller, name string, description *string, version int64) (scope.Snapshot, error) {
	return theScope, p.say("describe %s %s %d", name, given(description), version)
}
func (p fakeScopes) Delete(_ context.Context, _ inbound.Caller, name string, version int64) error {
	return p.say("delete %s %d", name, version)
}

type fakeClients struct{ *accessPorts }

func (p fakeClients) Get(_ context.Context, _ inbound.Caller, id string) (service.Snapshot, error) {
	return theClient, p.say("get %s", id)
}
func (p fakeClients) Change(_ context.Context, _ inbound.Caller, id string, c service.Change, version int64) (service.Snapshot, error) {
	lists, lifetime := "", "nothing"
	for _, list := range []*[]string{c.Scopes, c.GrantTypes} {
		if list == nil {
			lists += " nothing"
		} else {
			lists += fmt.Sprint(" ", *list)
		}
	}
	if c.AccessTokenLifetime != nil {
		if lifetime = "none"; *c.AccessTokenLifetime != nil {
			lifetime = fmt.Sprint(**c.AccessTokenLifetime)
		}
	}
	return theClient, p.say("change %s %s %s%s %s %d", id, given(c.Name), given(c.Description), lists, lifetime, version)
}
func (p fakeClients) Delete(_ context.Context, _ inbound.Caller, id string, version int64) error {
	return p.say("delete %s %d", id, version)
}
func (p fakeClients) RotateSecret(_ context.Context, _ inbound.Caller, id string, grace int, version int64) (domain.Secret, error) {
	return domain.NewSecret("kss_new"), p.say("rotate %s %d %d", id, grace, version)
}
func (p fakeClients) Grant(_ context.Context, _ inbound.Caller, id, granted string, version int64) error {
	return p.say("grant %s %s %d", id, granted, version)
}
func (p fakeClients) Withdraw(_ context.Context, _ inbound.Caller, id, withdrawn string, version int64) error {
	return p.say("withdraw %s %s %d", id, withdrawn, version)
}

type fakeControl struct{ *accessPorts }

func (p fakeControl) List(_ context.Context, _ inbound.Caller, page domain.Page) (domain.Listing[inbound.ListedClient], error) {
	return domain.Listing[inbound.ListedClient]{Items: []inbound.ListedClient{{Client: theClient}, {Client: theClient, LastUsedAt: noon}}}, p.say("list %d %s", page.Limit, page.After)
}
func (p fakeControl) Activate(_ context.Context, _ inbound.Caller, id string, version int64) error {
	return p.say("activate %s %d", id, version)
}
func (p fakeControl) Deactivate(_ context.Context, _ inbound.Caller, id string, version int64) error {
	return p.say("deactivate %s %d", id, version)
}

const (
	roleJSON   = `{"id":"` + alice + `","name":"auditor","description":"d","scopes":["read:audit"],"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`
	scopeJSON  = `{"id":"` + alice + `","name":"read:x","description":"d","resource":"x","created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`
	clientJSON = `{"client_id":"ksc_1","name":"n","description":"","is_active":true,"scopes":[],"grant_types":["client_credentials"],"access_token_lifetime":null,"token_endpoint_auth_method":"client_secret_basic","created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}`
)

// TestAccess sends each request and holds it to what arrives at the port and
// what is answered.
func TestAccess(t *testing.T) {
	const match, held, empty = "If-Match: ", "If-None-Match: ", "nothing"
	stale := domain.CheckVersion(noVersion, 1)
	listed := strings.Replace(clientJSON, `"created_at"`, `"last_used_at":null,"created_at"`, 1)
	for name, tc := range map[string]struct {
		method, path, body, header string
		err                        error
		status                     int
		said, answer, tag          string
	}{
		"roles":                    {"GET", rolesPath, "", "", nil, 200, "list 20 ", `{"items":[` + roleJSON + `],"next_cursor":"` + cursor(listRoles, "next") + `"}`, ""},
		"roles, on":                {"GET", rolesPath + "?limit=7&cursor=" + cursor(listRoles, "k"), "", "", nil, 200, "list 7 k", "", ""},
		"roles, another's cursor":  {"GET", rolesPath + "?cursor=" + cursor(listScopes, "k"), "", "", nil, 422, "", "", ""},
		"a role":                   {"GET", rolesPath + "/auditor", "", "", nil, 200, "get auditor", roleJSON, `"3"`},
		"a new role":               {"POST", rolesPath, `{"name":"auditor","description":"d"}`, "", nil, 201, "create auditor d", roleJSON, `"3"`},
		"a role with scopes":       {"POST", rolesPath, `{"name":"auditor","scopes":[]}`, "", nil, 422, "", "", ""},
		"a role's text":            {"PATCH", rolesPath + "/auditor", `{"name":"auditor","description":"e"}`, match + `"3"`, nil, 200, `describe auditor "e" 3`, roleJSON, `"3"`},
		"a role's text, gone":      {"PATCH", rolesPath + "/auditor", `{"description":null}`, "", nil, 200, `describe auditor "" 0`, roleJSON, `"3"`},
		"a role, unchanged":        {"PATCH", rolesPath + "/auditor", `{}`, match + "*", nil, 200, `describe auditor nothing 0`, roleJSON, `"3"`},
		"a role's name":            {"PATCH", rolesPath + "/auditor", `{"name":"other"}`, "", nil, 422, "", "", ""},
		"a role, weakly":           {"PATCH", rolesPath + "/auditor", `{}`, match + `W/"3"`, stale, 412, "describe auditor nothing -1", "", ""},
		"no role":                  {"DELETE", rolesPath + "/auditor", "", match + `"3"`, nil, 204, "delete auditor 3", "", ""},
		"no role, of two versions": {"DELETE", rolesPath + "/auditor", "", match + `"3", "2"`, nil, 204, "get auditor|delete auditor 3", "", ""},
		"a built-in role":          {"DELETE", rolesPath + "/auditor", "", "", domain.Conflict(domain.CodeBuiltin, "m"), 409, "delete auditor 0", "", ""},
		"a grant":                  {"PUT", rolesPath + "/auditor/scopes/read:x", "", "", nil, 204, "grant auditor read:x 0", "", ""},
		"a grant, encoded":         {"PUT", rolesPath + "/auditor/scopes/read%3Ax", "", "", nil, 204, "grant auditor read:x 0", "", ""},
		"a grant beyond":           {"PUT", rolesPath + "/auditor/scopes/read:x", "", "", domain.Forbidden("m"), 403, "grant auditor read:x 0", "", ""},
		"a withdrawal":             {"DELETE", rolesPath + "/auditor/scopes/read:x", "", "", nil, 204, "withdraw auditor read:x 0", "", ""},

		"scopes":                  {"GET", scopesPath, "", "", nil, 200, "list 20 ", `{"items":[],"next_cursor":null}`, ""},
		"a scope":                 {"GET", scopesPath + "/read:x", "", "", nil, 200, "get read:x", scopeJSON, `"4"`},
		"a new scope":             {"POST", scopesPath, `{"name":"read:x","description":"d","resource":"x"}`, "", nil, 201, "create read:x d", scopeJSON, `"4"`},
		"a scope of another":      {"POST", scopesPath, `{"name":"read:x","resource":"y"}`, "", nil, 422, "", "", ""},
		"a scope's text":          {"PATCH", scopesPath + "/read:x", `{"name":"read:x","resource":"x","description":"e"}`, match + `"4"`, nil, 200, `describe read:x "e" 4`, scopeJSON, `"4"`},
		"a scope's name":          {"PATCH", scopesPath + "/read:x", `{"name":"read:y"}`, "", nil, 422, "", "", ""},
		"a scope's resource":      {"PATCH", scopesPath + "/read:x", `{"resource":null}`, "", nil, 422, "", "", ""},
		"no scope":                {"DELETE", scopesPath + "/read:x", "", match + `"4","9"`, nil, 204, "get read:x|delete read:x 4", "", ""},
		"a scope in use":          {"DELETE", scopesPath + "/read:x", "", "", domain.Conflict(domain.CodeInUse, "m"), 409, "delete read:x 0", "", ""},
		"a client":                {"GET", clientsPath + "/ksc_1", "", "", nil, 200, "get ksc_1", clientJSON, `"5"`},
		"a client that is absent": {"GET", clientsPath + "/ksc_1", "", "", domain.NotFound("m"), 404, "get ksc_1", "", ""},
		"a client, all of it": {"PATCH", clientsPath + "/ksc_1", `{"name":"m","description":"d","scopes":["a:b"],"grant_types":["password"],"access_token_lifetime":90}`, match + `"5"`, nil,
			200, `change ksc_1 "m" "d" [a:b] [password] 90 5`, clientJSON, `"5"`},
		"a client, cleared": {"PATCH", clientsPath + "/ksc_1", `{"description":null,"scopes":null,"grant_types":null,"access_token_lifetime":null}`, "", nil,
			200, `change ksc_1 nothing "" [] [] none 0`, clientJSON, `"5"`},
		"a client, unchanged":     {"PATCH", clientsPath + "/ksc_1", `{}`, "", nil, 200, `change ksc_1 nothing nothing nothing nothing nothing 0`, clientJSON, `"5"`},
		"a client's own secret":   {"PATCH", clientsPath + "/ksc_1", `{"client_secret":"chosen"}`, "", nil, 422, "", "", ""},
		"a client made active":    {"PATCH", clientsPath + "/ksc_1", `{"is_active":true}`, "", nil, 422, "", "", ""},
		"a client's life in bits": {"PATCH", clientsPath + "/ksc_1", `{"access_token_lifetime":90.5}`, "", nil, 422, "", "", ""},
		"a client's scope":        {"PATCH", clientsPath + "/ksc_1", `{"scopes":"a:b"}`, "", nil, 422, "", "", ""},
		"no client":               {"DELETE", clientsPath + "/ksc_1", "", match + `"5","6"`, nil, 204, "get ksc_1|delete ksc_1 5", "", ""},
		"a secret":                {"POST", clientsPath + "/ksc_1/secret", "", "", nil, 200, "rotate ksc_1 0 0", `{"client_id":"ksc_1","client_secret":"kss_new"}`, ""},
		"a secret, with grace":    {"POST", clientsPath + "/ksc_1/secret", `{"grace":86400}`, "", nil, 200, "rotate ksc_1 86400 0", "", ""},
		"a secret, too late":      {"POST", clientsPath + "/ksc_1/secret", `{"grace":86401}`, "", nil, 422, "", "", ""},
		"a secret, too early":     {"POST", clientsPath + "/ksc_1/secret", `{"grace":-1}`, "", nil, 422, "", "", ""},
		"no secret":               {"POST", clientsPath + "/ksc_1/secret", "", "", domain.Forbidden("m"), 403, "rotate ksc_1 0 0", "", ""},
		"a client's grant":        {"PUT", clientsPath + "/ksc_1/scopes/read%3Ax", "", "", nil, 204, "grant ksc_1 read:x 0", "", ""},
		"a client's withdrawal":   {"DELETE", clientsPath + "/ksc_1/scopes/read:x", "", "", nil, 204, "withdraw ksc_1 read:x 0", "", ""},
		"clients": {"GET", allClientsPath, "", "", nil, 200, "list 20 ",
			`{"items":[` + listed + `,` + strings.Replace(listed, `"last_used_at":null`, `"last_used_at":"2026-03-01T12:00:00Z"`, 1) + `],"next_cursor":null}`, ""},
		"deactivation":                  {"POST", allClientsPath + "/ksc_1/deactivate", "", "", nil, 204, "deactivate ksc_1 0", "", ""},
		"activation":                    {"POST", allClientsPath + "/ksc_1/activate", "", "", nil, 204, "activate ksc_1 0", "", ""},
		"a store away":                  {"POST", allClientsPath + "/ksc_1/activate", "", "", errors.New("away"), 500, "activate ksc_1 0", "", ""},
		"a grant, once":                 {"PUT", rolesPath + "/auditor/scopes/read:x", "", match + `"3"`, nil, 204, "grant auditor read:x 3", "", ""},
		"a grant, weakly":               {"PUT", rolesPath + "/auditor/scopes/read:x", "", match + `W/"3"`, stale, 412, "grant auditor read:x -1", "", ""},
		"a withdrawal, of two":          {"DELETE", rolesPath + "/auditor/scopes/read:x", "", match + `"2", "3"`, nil, 204, "get auditor|withdraw auditor read:x 3", "", ""},
		"a secret, once":                {"POST", clientsPath + "/ksc_1/secret", "", match + `"5"`, nil, 200, "rotate ksc_1 0 5", "", ""},
		"a secret, of neither":          {"POST", clientsPath + "/ksc_1/secret", "", match + `"3", "4"`, nil, 200, "get ksc_1|rotate ksc_1 0 -1", "", ""},
		"a client's grant, once":        {"PUT", clientsPath + "/ksc_1/scopes/read:x", "", match + `"5"`, nil, 204, "grant ksc_1 read:x 5", "", ""},
		"a client's withdrawal, once":   {"DELETE", clientsPath + "/ksc_1/scopes/read:x", "", match + `"5"`, nil, 204, "withdraw ksc_1 read:x 5", "", ""},
		"a client's grant, weakly":      {"PUT", clientsPath + "/ksc_1/scopes/read:x", "", match + `W/"5"`, stale, 412, "grant ksc_1 read:x -1", "", ""},
		"deactivation, once":            {"POST", allClientsPath + "/ksc_1/deactivate", "", match + `"5"`, nil, 204, "deactivate ksc_1 5", "", ""},
		"activation, of what never was": {"POST", allClientsPath + "/ksc_1/activate", "", match + "x", stale, 412, "activate ksc_1 -1", "", ""},

		"a role that is held":        {"GET", rolesPath + "/auditor", "", held + `"3"`, nil, 304, "get auditor", empty, `"3"`},
		"a role, held weakly":        {"GET", rolesPath + "/auditor", "", held + `"1", W/"3"`, nil, 304, "get auditor", empty, `"3"`},
		"a role of any version":      {"GET", rolesPath + "/auditor", "", held + "*", nil, 304, "get auditor", empty, `"3"`},
		"a role of an older version": {"GET", rolesPath + "/auditor", "", held + `"2"`, nil, 200, "get auditor", roleJSON, `"3"`},
		"a role in vain":             {"GET", rolesPath + "/auditor", "", held + "*", domain.NotFound("m"), 404, "get auditor", "", ""},
		"a scope that is held":       {"GET", scopesPath + "/read:x", "", held + `"4"`, nil, 304, "get read:x", empty, `"4"`},
		"a client that is held":      {"GET", clientsPath + "/ksc_1", "", held + `"5"`, nil, 304, "get ksc_1", empty, `"5"`},
		"a client that is not":       {"GET", clientsPath + "/ksc_1", "", held + "5", nil, 200, "get ksc_1", clientJSON, `"5"`},

		"a path too far": {"GET", rolesPath + "/auditor/scopes", "", "", nil, 404, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := &accessPorts{err: tc.err}
			s := serveAccess(t, p)
			headers := []string{full, tc.header}
			if tc.body != "" {
				headers = append(headers, jsonType)
			}
			w := ask(s, exampleCase{method: tc.method, path: tc.path, headers: headers, body: tc.body}.request())
			said := strings.Join(p.said, "|")
			if w.Code != tc.status || said != tc.said || tc.answer != "" && w.Body.String() != strings.TrimPrefix(tc.answer, empty) || w.Header().Get("ETag") != tc.tag {
				t.Errorf("%d %s, ETag %s, reached %q\nwant %d %s, ETag %s, %q", w.Code, w.Body, w.Header().Get("ETag"), said, tc.status, tc.answer, tc.tag, tc.said)
			}
			if strings.Contains(w.Body.String(), "never shown") || strings.Contains(w.Body.String(), "chosen") {
				t.Errorf("the answer tells: %s", w.Body)
			}
			standing(t, w)
		})
	}
}

func serveAccess(t *testing.T, p *accessPorts) *Server {
	t.Helper()
	s, _ := serve(t, obliging(), configured())
	s.use.Roles, s.use.Scopes, s.use.ClientEditor, s.use.ClientControl = fakeRoles{p}, fakeScopes{p}, fakeClients{p}, fakeControl{p}
	return s
}

// TestAccessNeedsItsScope has every route of roles, scopes and clients refuse a
// token without scopes, whatever it sends.
func TestAccessNeedsItsScope(t *testing.T) {
	p := &accessPorts{}
	s := serveAccess(t, p)
	asked := 0
	for _, route := range s.Routes() {
		if !strings.HasPrefix(route.Path, rolesPath) && !strings.HasPrefix(route.Path, scopesPath) && !strings.HasPrefix(route.Path, clientsPath) && !strings.HasPrefix(route.Path, allClientsPath) {
			continue
		}
		asked++
		r := httptest.NewRequest(route.Method, route.Path, strings.NewReader("{"))
		r.Header.Set("Authorization", "Bearer "+bareToken)
		if w := ask(s, r); w.Code != http.StatusForbidden || !strings.Contains(w.Header().Get("WWW-Authenticate"), `scope="`+route.Auth+`"`) {
			t.Errorf("%s %s gives %d to a token without %s", route.Method, route.Path, w.Code, route.Auth)
		}
	}
	if asked != 22 || len(p.said) != 0 {
		t.Errorf("%d routes; reached %v", asked, p.said)
	}
}
