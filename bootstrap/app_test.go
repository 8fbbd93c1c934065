package bootstrap

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const masterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// embedded is a configuration of its own: SQLite in a folder of the test's.
func embedded(t testing.TB, environ ...string) *config.Config {
	t.Helper()
	return load(t, append([]string{
		"KEYSTONE_DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "keystone.db"), "KEYSTONE_MASTER_KEY=" + masterKey,
		"KEYSTONE_HTTP_ADDR=127.0.0.1:0", "KEYSTONE_OPS_ADDR=", "KEYSTONE_LOG_FORMAT=json",
		"KEYSTONE_ARGON2_MEMORY_KIB=8192", "KEYSTONE_ARGON2_ITERATIONS=1", "KEYSTONE_RATE_LIMITS=off",
	}, environ...)...)
}

func load(t testing.TB, environ ...string) *config.Config {
	t.Helper()
	cfg, err := config.Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start runs an in-process server until the test ends.
func start(t testing.TB, cfg *config.Config, opts ...Option) (*App, *bytes.Buffer) {
	t.Helper()
	said := &bytes.Buffer{}
	app, err := New(cfg, append([]Option{WithLogger(zap.NewNop()), WithNotices(said)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return app, said
}

func TestEveryGraphIsComplete(t *testing.T) {
	for name, cfg := range map[string]*config.Config{
		"embedded": embedded(t),
		"Postgres and Redis": load(t, "KEYSTONE_DATABASE_URL=postgres://127.0.0.1:1/none", "KEYSTONE_REDIS_URL=redis://127.0.0.1:1",
			"KEYSTONE_MASTER_KEY="+masterKey),
		"Postgres alone": load(t, "KEYSTONE_DATABASE_URL=postgres://127.0.0.1:1/none", "KEYSTONE_MASTER_KEY="+masterKey),
	} {
		t.Run(name, func(t *testing.T) {
			options, err := graph(cfg, []Option{WithLogger(zap.NewNop())}, fx.Invoke(serve))
			if err != nil {
				t.Fatal(err)
			}
			if err := fx.ValidateApp(options); err != nil {
				t.Error(err)
			}
		})
	}
}

// fixedRandom is a stand-in that shows by the ids it makes that it serves.
type fixedRandom struct{ system.Random }

func TestReplaceKeepsTheOriginalFromBeingMade(t *testing.T) {
	// The original constructor can't succeed: no such parameters.
	cfg := embedded(t)
	cfg.Hashing.Concurrency = -1
	if _, err := New(cfg, WithLogger(zap.NewNop())); err == nil {
		t.Fatal("the original hasher was made with no concurrency at all")
	}
	app, _ := start(t, cfg, Replace[outbound.PasswordHasher](plainHasher{}), Replace[outbound.Random](fixedRandom{}))
	if _, replaced := app.parts.out.Random.(fixedRandom); !replaced {
		t.Errorf("Random is %T", app.parts.out.Random)
	}
}

// plainHasher keeps passwords as they are: for tests that hash nothing.
type plainHasher struct{}

func (plainHasher) Hash(_ context.Context, password domain.Secret) (string, error) {
	return password.Reveal(), nil
}

func (plainHasher) Verify(_ context.Context, password domain.Secret, encoded string) (bool, bool, error) {
	return encoded != "" && password.Reveal() == encoded, false, nil
}

func TestReplacingWhatIsNoPortIsRefusedByName(t *testing.T) {
	_, err := New(embedded(t), WithLogger(zap.NewNop()), Replace[http.Handler](http.NotFoundHandler()))
	if err == nil || !strings.Contains(err.Error(), "http.Handler") {
		t.Errorf("got %v", err)
	}
}

// echoGrant lets a client act for itself under another name.
type echoGrant struct{ grants.ClientCredentials }

func newEcho(Kit) echoGrant { return echoGrant{} }

func (echoGrant) Name() string { return "urn:example:echo" }

func TestAGrantIsOneOption(t *testing.T) {
	app, _ := start(t, embedded(t), WithGrant(newEcho))
	response, err := http.Get("http://" + app.Addr().String() + "/.well-known/oauth-authorization-server")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var metadata struct {
		Grants []string `json:"grant_types_supported"`
	}
	if err := json.NewDecoder(response.Body).Decode(&metadata); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(metadata.Grants, " "); !strings.HasPrefix(got, "client_credentials ") || !strings.HasSuffix(got, " refresh_token password urn:example:echo") {
		t.Errorf("discovery offers %q", got)
	}
	if _, err := New(embedded(t), WithLogger(zap.NewNop()), WithGrant(func(Kit) grants.ClientCredentials { return grants.ClientCredentials{} })); err == nil {
		t.Error("two grants of one name were registered")
	}
}

func TestTheFirstPasswordIsShownOnceAndWorks(t *testing.T) {
	cfg := embedded(t)
	app, said := start(t, cfg)
	_, rest, found := strings.Cut(said.String(), "with the password ")
	password, _, _ := strings.Cut(rest, " ")
	if !found {
		t.Fatalf("nothing was shown: %q", said)
	}
	login := func(app *App) int {
		response, err := http.PostForm("http://"+app.Addr().String()+"/api/v1/auth/token",
			url.Values{"grant_type": {"password"}, "username": {"admin"}, "password": {password}})
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if status := login(app); status != http.StatusOK {
		t.Errorf("the shown password gives %d", status)
	}
	second, said := start(t, cfg)
	if said.Len() > 0 {
		t.Errorf("a second start says %q", said)
	}
	if status := login(second); status != http.StatusOK {
		t.Errorf("after a second start the password gives %d", status)
	}
}

func TestTheWrongMasterKeyStopsTheStart(t *testing.T) {
	cfg := embedded(t)
	start(t, cfg)
	wrong := load(t, "KEYSTONE_DATABASE_URL="+cfg.Storage.DatabaseURL.Reveal(), "KEYSTONE_HTTP_ADDR=127.0.0.1:0", "KEYSTONE_OPS_ADDR=",
		"KEYSTONE_MASTER_KEY=HxAeHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=")
	app, err := New(wrong, WithLogger(zap.NewNop()), WithNotices(&bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	err = app.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "master key") {
		t.Errorf("got %v", err)
	}
	_ = app.Stop(context.Background())
}
