package bootstrap

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// plain is a configuration that nothing was set in but ports of its own.
func plain(t *testing.T, more ...string) *config.Config {
	t.Helper()
	values := map[string]string{
		"http_addr": "127.0.0.1:0", "ops_addr": "", "log_format": "json", "argon2_memory_kib": "8192", "argon2_iterations": "1", "rate_limits": "off",
	}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	cfg, err := config.New(values)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestEmbeddedLeavesNothingBehind(t *testing.T) {
	work, temporary := t.TempDir(), t.TempDir()
	t.Chdir(work)
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary)
	// What the configuration says of stores is passed over, an unreachable Redis too.
	app, err := New(plain(t, "database_url", "postgres://127.0.0.1:1/none", "redis_url", "redis://127.0.0.1:1", "master_key", masterKey),
		Embedded(), WithLogger(zap.NewNop()), WithNotices(&strings.Builder{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.parts.out.Users.ByLogin(t.Context(), "admin", false); err != nil {
		t.Errorf("the first superuser: %v", err)
	}
	kept, err := filepath.Glob(filepath.Join(temporary, "keystone-*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("while it runs: %q, %v", kept, err)
	}
	if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
	if err := app.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{work, temporary} {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left in %s: %v, %v", dir, left, err)
		}
	}
}

// namer notes through which layers a call went.
type namer struct {
	outbound.UserDirectory
	name  string
	calls *[]string
}

func (n namer) ByID(ctx context.Context, id domain.ID) (*user.User, error) {
	*n.calls = append(*n.calls, n.name)
	return n.UserDirectory.ByID(ctx, id)
}

func TestDecorateWrapsWhateverServes(t *testing.T) {
	var calls []string
	layer := func(name string) Option {
		return Decorate(func(next outbound.UserDirectory) outbound.UserDirectory { return namer{next, name, &calls} })
	}
	app, _ := start(t, plain(t), Embedded(), layer("inner"), layer("outer"))
	if _, err := app.parts.out.Users.ByID(t.Context(), domain.ID{1}); domain.AsError(err).Kind != domain.KindNotFound {
		t.Errorf("the store below answers %v", err)
	}
	if got := strings.Join(calls, " "); got != "outer inner" {
		t.Errorf("the call went through %q", got)
	}

	calls = nil
	app, _ = start(t, plain(t), Embedded(), layer("wrapped"), Replace[outbound.UserDirectory](namer{nobody{}, "mine", &calls}))
	if _, err := app.parts.out.Users.ByID(t.Context(), domain.ID{1}); !errors.Is(err, errNobody) {
		t.Errorf("the replacement below answers %v", err)
	}
	if got := strings.Join(calls, " "); got != "wrapped mine" {
		t.Errorf("the call went through %q", got)
	}
}

// nobody is a directory without the store that is asked for the superuser.
type nobody struct{ outbound.UserDirectory }

var errNobody = domain.NotFound("nobody is here")

func (nobody) ByID(context.Context, domain.ID) (*user.User, error) { return nil, errNobody }

func TestDecoratingWhatIsNoPortIsRefusedByName(t *testing.T) {
	_, err := New(plain(t), Embedded(), WithLogger(zap.NewNop()), Decorate(func(h http.Handler) http.Handler { return h }))
	if err == nil || !strings.Contains(err.Error(), "http.Handler") {
		t.Errorf("got %v", err)
	}
}

// greeting is a reaction that hands on what it was told.
type greeting struct {
	kit  Kit
	told chan<- domain.Occurrence
}

func (greeting) Name() string           { return "greeting" }
func (greeting) On() []domain.EventType { return []domain.EventType{domain.EventUserRegistered} }
func (g greeting) React(ctx context.Context, o domain.Occurrence) error {
	id, err := domain.ParseID(o.Subject.ID)
	if err != nil {
		return err
	}
	if _, err := g.kit.Users.ByID(ctx, id); err != nil {
		return err
	}
	g.told <- o
	return nil
}

func TestAReactionIsOneOption(t *testing.T) {
	told := make(chan domain.Occurrence, 1)
	app, _ := start(t, plain(t), Embedded(), WithReaction(func(k Kit) greeting { return greeting{k, told} }))
	registered := inbound.Registration{Registration: user.Registration{Username: "alice", Email: "alice@example.com"}, Password: domain.NewSecret("correct horse battery staple")}
	if err := app.parts.accounts.Register(t.Context(), registered); err != nil {
		t.Fatal(err)
	}
	alice, err := app.parts.out.Users.ByLogin(t.Context(), "alice", false)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case o := <-told:
		if o.Type != domain.EventUserRegistered || o.Subject.ID != alice.ID().String() {
			t.Errorf("told of %+v", o)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing was told")
	}
	_, err = New(plain(t), Embedded(), WithLogger(zap.NewNop()),
		WithReaction(func(k Kit) greeting { return greeting{k, told} }), WithReaction(func(k Kit) greeting { return greeting{k, told} }))
	if err == nil || !strings.Contains(err.Error(), "greeting") {
		t.Errorf("two reactions of one name: %v", err)
	}
}

func TestAListenerOfTheCallers(t *testing.T) {
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	app, _ := start(t, plain(t, "http_addr", "256.0.0.1:1"), Embedded(), WithListener(open))
	if app.Addr().String() != open.Addr().String() {
		t.Errorf("serves on %s", app.Addr())
	}
	answer, err := http.Get("http://" + open.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("health says %d", answer.StatusCode)
	}
}

// made tells what making a port leads to: nothing, or what a constructor threw.
func made(t *testing.T, o options, p provider) (thrown any) {
	t.Helper()
	original := reflect.MakeFunc(reflect.FuncOf(nil, []reflect.Type{p.port}, false), func([]reflect.Value) []reflect.Value { panic("the original") })
	adapters, err := o.adapters([]provider{{p.port, original.Interface()}})
	if err != nil {
		t.Fatal(err)
	}
	user := reflect.MakeFunc(reflect.FuncOf([]reflect.Type{p.port}, nil, false), func([]reflect.Value) []reflect.Value { return nil })
	defer func() { thrown = recover() }()
	if err := fx.New(fx.NopLogger, fx.Options(adapters...), fx.Invoke(user.Interface())).Err(); err != nil {
		t.Fatal(err)
	}
	return nil
}

func TestNoReplacedConstructorRuns(t *testing.T) {
	for _, p := range outboundPorts(plain(t)) {
		mine := reflect.MakeFunc(reflect.FuncOf(nil, []reflect.Type{p.port}, false), func([]reflect.Value) []reflect.Value { return []reflect.Value{reflect.Zero(p.port)} })
		o := newOptions(nil)
		if thrown := made(t, o, p); thrown != "the original" {
			t.Errorf("%s: without a replacement the original was not made, but %v", p.port, thrown)
		}
		o.replaced[p.port] = provider{p.port, mine.Interface()}
		if thrown := made(t, o, p); thrown != nil {
			t.Errorf("%s: with a replacement %v was made", p.port, thrown)
		}
	}
}

// The document is made of parts that have no ports, additions included.
func TestTheAPIIsDescribedWithAdditions(t *testing.T) {
	t.Chdir(t.TempDir())
	var file string
	described, err := commands{file: &file, opts: []Option{WithGrant(newEcho)}}.openAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(described), "urn:example:echo") {
		t.Error("the added grant is not in the document")
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("the description left %v, %v", left, err)
	}
}
