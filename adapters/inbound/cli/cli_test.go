package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/inbound"
)

type fixedRandom struct{}

func (fixedRandom) NewID(time.Time) domain.ID { return domain.NoID }
func (fixedRandom) Entropy() [32]byte         { return [32]byte{1} }

const generated = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

var errConfig = errors.New("KEYSTONE_ISSUER: not a URL\nKEYSTONE_JWT_ALGORITHM: unknown")

// recording gives commands that note how they were called.
func recording(calls *[]string, file *string) Commands {
	note := func(parts ...string) { *calls = append(*calls, strings.Join(parts, " ")) }
	return Commands{
		Version: "1.2.3", Random: fixedRandom{}, ConfigFile: file,
		IsConfigProblem: func(err error) bool { return errors.Is(err, errConfig) },
		Serve:           func(context.Context) error { note("serve", *file); return nil },
		MigrateUp:       func(context.Context) (int64, error) { note("up"); return 3, nil },
		MigrateDown:     func(context.Context) (int64, error) { note("down"); return 2, nil },
		MigrateStatus:   func(context.Context) (int64, int64, error) { note("status"); return 2, 3, nil },
		AdminCreate: func(_ context.Context, username, email string, password domain.Secret) error {
			note("admin", username, email, password.Reveal())
			return nil
		},
		ClientCreate: func(_ context.Context, d client.Draft) (inbound.NewClient, error) {
			lifetime := "none"
			if d.AccessTokenLifetime != nil {
				lifetime = "some"
			}
			note("client", d.Name, strings.Join(d.Scopes, ","), strings.Join(d.GrantTypes, ","), lifetime)
			if d.Authentication.Method != "" || d.Authentication.Keys != "" {
				note(d.Authentication.Method, d.Authentication.Keys)
				return inbound.NewClient{Client: client.Snapshot{ClientID: "ksc_1"}}, nil
			}
			return inbound.NewClient{Client: client.Snapshot{ClientID: "ksc_1"}, Secret: domain.NewSecret("kss_1")}, nil
		},
		ConfigCheck: func(context.Context) ([]string, error) { return nil, errConfig },
		ConfigPrint: func(_ context.Context, to io.Writer) error {
			_, err := io.WriteString(to, "KEYSTONE_ENV=development\n")
			return err
		},
		OpenAPI: func(context.Context) ([]byte, error) { return []byte(`{"openapi":"3.1.0"}`), nil },
	}
}

func TestCommandLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args   string // separated by spaces
		stdin  string
		change func(*Commands)
		code   int
		calls  []string
		out    string
		err    string
	}{
		"default":           {args: "", calls: []string{"serve "}},
		"serve":             {args: "serve", calls: []string{"serve "}},
		"config file":       {args: "serve --config k.yaml", calls: []string{"serve k.yaml"}},
		"config file first": {args: "--config k.yaml", calls: []string{"serve k.yaml"}},
		"up":                {args: "migrate up", calls: []string{"up"}, out: "version 3\n"},
		"down":              {args: "migrate down", calls: []string{"down"}, out: "version 2\n"},
		"status":            {args: "migrate status", calls: []string{"status"}, out: "version 2 of 3\n"},
		"migrate alone":     {args: "migrate", code: 1, err: "keystone: keystone migrate needs one of: up, down, status\n"},
		"version":           {args: "version", out: "keystone 1.2.3\n"},
		"openapi":           {args: "openapi", out: "{\"openapi\":\"3.1.0\"}\n"},
		"config print":      {args: "config print", out: "KEYSTONE_ENV=development\n"},
		"config check":      {args: "config check", code: 2, err: "keystone: " + errConfig.Error() + "\n"},
		"config check, allowed": {args: "config check", out: "the configuration is valid\n", err: "warning: weak\nwarning: odd\n", change: func(c *Commands) {
			c.ConfigCheck = func(context.Context) ([]string, error) { return []string{"weak", "odd"}, nil }
		}},
		"admin, generated":   {args: "admin create --username root --email r@x.yz", calls: []string{"admin root r@x.yz " + generated}, out: "username: root\npassword: " + generated + "\n"},
		"admin, from stdin":  {args: "admin create --username root --email r@x.yz --password-file -", stdin: "from stdin\n", calls: []string{"admin root r@x.yz from stdin"}, out: "username: root\n"},
		"admin, from a file": {args: "admin create --username root --email r@x.yz --password-file " + file, calls: []string{"admin root r@x.yz from a file"}, out: "username: root\n"},
		"admin, empty stdin": {args: "admin create --username root --email r@x.yz --password-file -", stdin: "\n", code: 1, err: "keystone: the password file must hold the password on one line\n"},
		"admin, two lines":   {args: "admin create --username root --email r@x.yz --password-file -", stdin: "a\nb\n", code: 1, err: "keystone: the password file must hold the password on one line\n"},
		"admin, huge file":   {args: "admin create --username root --email r@x.yz --password-file -", stdin: strings.Repeat("a", maxPasswordFile+1), code: 1, err: "keystone: the password file must hold the password on one line\n"},
		"admin, no email":    {args: "admin create --username root", code: 1, err: "keystone: required flag(s) \"email\" not set\n"},
		"admin, refused": {args: "admin create --username r --email r@x.yz", code: 1, err: "keystone: the input is not valid: username must be longer; password must be stranger\n",
			change: func(c *Commands) {
				c.AdminCreate = func(context.Context, string, string, domain.Secret) error {
					return domain.InvalidFields(domain.Field{Name: "username", Message: "must be longer"}, domain.Field{Name: "password", Message: "must be stranger"})
				}
			}},
		"client": {args: "client create --name x --scope a:b --scope c:d --grant client_credentials", calls: []string{"client x a:b,c:d client_credentials none"},
			out: "client_id: ksc_1\nclient_secret: kss_1\n"},
		"client with a lifetime": {args: "client create --name x --access-token-lifetime 0", calls: []string{"client x   some"}, out: "client_id: ksc_1\nclient_secret: kss_1\n"},
		"client of keys": {args: "client create --name x --auth-method private_key_jwt --jwks -", stdin: `{"keys":[]}`, calls: []string{"client x   none", `private_key_jwt {"keys":[]}`},
			out: "client_id: ksc_1\n"},
		"client of no file":       {args: "client create --name x --jwks " + file + ".none", code: 1, err: "keystone: the key file: open " + file + ".none: no such file or directory\n"},
		"client of too many keys": {args: "client create --name x --jwks -", stdin: strings.Repeat(" ", maxLine+1), code: 1, err: "keystone: the key file: is longer than 1048576 bytes\n"},
		"public client":           {args: "client create --name x --auth-method none", calls: []string{"client x   none", "none "}, out: "client_id: ksc_1\n"},
		"unknown command":         {args: "frobnicate", code: 1, err: "keystone: unknown command \"frobnicate\" for \"keystone\"\n"},
		"unknown subcommand":      {args: "migrate sideways", code: 1, err: "keystone: unknown command \"sideways\" for \"keystone migrate\"\n"},
		"unknown flag":            {args: "serve --fast", code: 1, err: "keystone: unknown flag: --fast\n"},
		"serve fails": {args: "serve", code: 1, err: "keystone: unavailable: a dependency is not available: dial tcp: refused\n",
			change: func(c *Commands) {
				c.Serve = func(context.Context) error { return domain.Unavailable(errors.New("dial tcp: refused"), 0) }
			}},
	} {
		t.Run(name, func(t *testing.T) {
			var calls []string
			var config string
			c := recording(&calls, &config)
			if tc.change != nil {
				tc.change(&c)
			}
			var out, errOut bytes.Buffer
			code := Run(t.Context(), c, strings.Fields(tc.args), strings.NewReader(tc.stdin), &out, &errOut)
			if code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if diff := cmp.Diff(tc.calls, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if out.String() != tc.out || errOut.String() != tc.err {
				t.Errorf("out %q err %q\nwant %q and %q", out.String(), errOut.String(), tc.out, tc.err)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	for status, want := range map[int]int{http.StatusOK: 0, http.StatusServiceUnavailable: 1, http.StatusNotFound: 1} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/readyz" && r.Method == http.MethodGet {
				w.WriteHeader(status)
			}
		}))
		var calls []string
		var config string
		var out, errOut bytes.Buffer
		code := Run(t.Context(), recording(&calls, &config), []string{"health", server.URL + "/"}, nil, &out, &errOut)
		server.Close()
		if code != want || (code == 0) != (out.String() == "ready\n") || (code == 1) != strings.HasPrefix(errOut.String(), "keystone: not ready: ") {
			t.Errorf("%d: exit code %d, out %q, err %q", status, code, out.String(), errOut.String())
		}
	}
}

func TestHealthOfNobody(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	var calls []string
	var config string
	var out, errOut bytes.Buffer
	if code := Run(t.Context(), recording(&calls, &config), []string{"health", server.URL}, nil, &out, &errOut); code != 1 || out.Len() > 0 {
		t.Errorf("exit code %d, out %q, err %q", code, out.String(), errOut.String())
	}
}
