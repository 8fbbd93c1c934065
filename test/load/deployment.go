package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/keystone-auth/keystone/test/load/ceiling"
	"github.com/keystone-auth/keystone/test/load/fire"
	"github.com/keystone-auth/keystone/test/load/rig"
	"github.com/keystone-auth/keystone/test/load/seed"
)

const (
	tokenPath      = "/api/v1/auth/token"
	introspectPath = "/api/v1/auth/introspect"
	revokePath     = "/api/v1/auth/revoke"
	checkPath      = "/api/v1/auth/permissions/check"
	mePath         = "/api/v1/users/me"
	usersPath      = "/api/v1/admin/users"
	statsPath      = "/api/v1/admin/stats"
	clientsPath    = "/api/v1/clients"
	discoveryPath  = "/.well-known/oauth-authorization-server"
	jwksPath       = "/.well-known/jwks.json"
)

// limits leave room for one client and one user to ask as fast as they can: only
// what would cap the load is raised, and nothing is off.
const limits = "token_client=10000000/1m,api_user=10000000/1m"

// chainLength is how many tokens a seeded user has.
const chainLength = 2

// deployment is a running Keystone with users in it.
type deployment struct {
	*rig.Process
	database  string // its name
	program   string
	dir       string
	settings  rig.Settings
	users     int
	refresh   []string // the unspent refresh token of each user
	guard     string   // credentials for Basic; may introspect every token
	app       string   // credentials for Basic; a client of its own
	idle      idleRates
	nextLogin atomic.Int64
	http      *http.Client
}

// idleRates is what runs in the background, a second.
type idleRates struct{ sql, commands float64 }

// deploy makes a database with users in it and starts Keystone on it.
func (h *harness) deploy(ctx context.Context, name string, plan seed.Plan, more rig.Settings) (_ *deployment, err error) {
	database, err := h.stores.Database(ctx, "bench_"+name)
	if err != nil {
		return nil, err
	}
	d := &deployment{
		database: "bench_" + name, program: h.program, dir: filepath.Join(h.dir, name), users: plan.Users,
		http: &http.Client{Timeout: time.Minute},
		settings: rig.Settings{
			"DATABASE_URL": database, "REDIS_URL": h.stores.Redis, "MASTER_KEY": rig.MasterKey(), "RATE_LIMITS": limits,
			"BOOTSTRAP_ADMIN_PASSWORD": ceiling.Password + " " + rig.Random(), "LOG_FORMAT": "json", "LINK_BASE_URL": "http://localhost",
		},
	}
	if h.quick { // on a machine that others keep busy the feeds may be late; that is no fault here
		d.settings["REVOCATION_FAIL_MODE"] = "open"
	}
	maps.Copy(d.settings, more)
	if d.settings["OPS_ADDR"], err = rig.FreeAddress(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		return nil, err
	}
	if err := seed.Load(ctx, database, plan); err != nil {
		return nil, err
	}
	d.refresh = make([]string, plan.Users)
	for n := range d.refresh {
		d.refresh[n] = seed.Token(n, plan.Tokens)
	}
	if d.Process, err = rig.Keystone(ctx, d.program, d.dir, d.settings); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.Kill()
		}
	}()
	if err := d.register(ctx); err != nil {
		return nil, err
	}
	return d, h.observeIdle(ctx, d)
}

func (d *deployment) migrate(ctx context.Context) error {
	command := exec.CommandContext(ctx, d.program, "migrate", "up")
	command.Dir, command.Env = d.dir, os.Environ()
	for name, value := range d.settings {
		command.Env = append(command.Env, "KEYSTONE_"+name+"="+value)
	}
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate up: %w\n%s", err, out)
	}
	return nil
}

// register makes the clients that the scenarios act as.
func (d *deployment) register(ctx context.Context) error {
	admin, err := d.admin(ctx)
	if err != nil {
		return err
	}
	if d.guard, err = d.newClient(ctx, admin, "introspect:tokens"); err != nil {
		return err
	}
	d.app, err = d.newClient(ctx, admin, "read:users")
	return err
}

func (d *deployment) newClient(ctx context.Context, admin, scope string) (basic string, err error) {
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	draft := map[string]any{"name": "bench " + rig.Random(), "scopes": []string{scope}}
	err = d.ask(ctx, clientsPath, "Bearer "+admin, draft, nil, &made)
	return base64.StdEncoding.EncodeToString([]byte(made.ID + ":" + made.Secret)), err
}

// grant is an answer of the token endpoint.
type grant struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// admin gives an access token of the superuser.
func (d *deployment) admin(ctx context.Context) (string, error) {
	g, err := d.login(ctx, "admin", d.settings["BOOTSTRAP_ADMIN_PASSWORD"])
	return g.Access, err
}

func (d *deployment) login(ctx context.Context, username, password string) (g grant, err error) {
	form := url.Values{"grant_type": {"password"}, "username": {username}, "password": {password}}
	return g, d.ask(ctx, tokenPath, "", nil, form, &g)
}

// another gives one user after another, so that nobody logs in too often.
func (d *deployment) another() int { return int(d.nextLogin.Add(1) % int64(d.users)) }

// loginNext logs in another user.
func (d *deployment) loginNext(ctx context.Context) (grant, error) {
	return d.login(ctx, seed.Username(d.another()), ceiling.Password)
}

// clientToken gives an access token of a client.
func (d *deployment) clientToken(ctx context.Context, basic string) (string, error) {
	var g grant
	err := d.ask(ctx, tokenPath, "Basic "+basic, nil, url.Values{"grant_type": {"client_credentials"}}, &g)
	return g.Access, err
}

// send sends a message and keeps the answer.
func (d *deployment) send(ctx context.Context, m fire.Message, answer *ceiling.Answer) error {
	var authorization string
	switch {
	case m.Bearer != "":
		authorization = "Bearer " + m.Bearer
	case m.Basic != "":
		authorization = "Basic " + m.Basic
	}
	var document any
	if m.JSON != "" {
		document = json.RawMessage(m.JSON)
	}
	return d.ask(ctx, m.Path, authorization, document, m.Form, answer)
}

// ask sends a form, a JSON document or nothing, and reads the answer.
func (d *deployment) ask(ctx context.Context, path, authorization string, document any, form url.Values, answer any) error {
	method, kind, body := http.MethodGet, "", []byte(nil)
	switch {
	case form != nil:
		method, kind, body = http.MethodPost, "application/x-www-form-urlencoded", []byte(form.Encode())
	case document != nil:
		encoded, err := json.Marshal(document)
		if err != nil {
			return err
		}
		method, kind, body = http.MethodPost, "application/json", encoded
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+d.Address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	got, err := d.http.Do(request)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	if got.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, got.Status, strings.TrimSpace(string(raw)))
	}
	if answer == nil {
		return nil
	}
	if keep, ok := answer.(*ceiling.Answer); ok {
		keep.ContentType, keep.Body = got.Header.Get("Content-Type"), raw
		return nil
	}
	return json.Unmarshal(raw, answer)
}
