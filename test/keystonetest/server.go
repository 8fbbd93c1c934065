package keystonetest

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/bootstrap"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Password is everybody's.
const Password = "correct horse battery staple"

// Server is a running Keystone that ends with its test.
type Server struct {
	URL    string // of the API and of the issuer
	Clock  *Clock
	Outbox *Outbox
	Admin  *User // the first superuser
	HTTP   *http.Client

	stop        func() error
	adminMutex  sync.Mutex
	adminTokens Tokens
	adminUntil  time.Time
}

// Option changes what New starts.
type Option func(*setup)

type setup struct {
	values  map[string]string
	options []bootstrap.Option
}

// Set gives a setting by its name in a configuration file, such as
// access_token_ttl.
func Set(name, value string) Option {
	return func(s *setup) { s.values[name] = value }
}

// With hands options of package bootstrap on.
func With(options ...bootstrap.Option) Option {
	return func(s *setup) { s.options = append(s.options, options...) }
}

// defaults suit a test. An instance that is alone misses no revocation, so an
// unknown state of them, as after a leap of the clock, refuses nobody.
var defaults = map[string]string{
	"ops_addr": "", "log_format": "json", "rate_limits": "off", "revocation_fail_mode": "open",
	"argon2_memory_kib": "8192", "argon2_iterations": "1",
	"bootstrap_admin_username": "admin", "bootstrap_admin_email": "admin@example.com", "bootstrap_admin_password": Password,
}

// New starts a Keystone for a test, which fails where that fails.
func New(t testing.TB, options ...Option) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	s := &Server{URL: "http://" + listener.Addr().String(), Clock: NewClock(), Outbox: &Outbox{}}
	with := setup{values: maps.Clone(defaults)}
	with.values["issuer"] = s.URL
	for _, option := range options {
		option(&with)
	}
	s.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: time.Minute}
	s.Admin = &User{Username: with.values["bootstrap_admin_username"], Email: with.values["bootstrap_admin_email"], Password: with.values["bootstrap_admin_password"], server: s}
	app, err := assemble(s, listener, with)
	if err != nil {
		_ = listener.Close() // what failed is told
		t.Fatalf("keystonetest: %v", err)
	}
	if err := app.Start(context.Background()); err != nil {
		t.Fatalf("keystonetest: start: %v", err)
	}
	s.stop = sync.OnceValue(func() error {
		s.HTTP.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		return app.Stop(ctx)
	})
	t.Cleanup(func() { s.Stop(t) })
	return s
}

// Stop ends the server before its test does.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Errorf("keystonetest: stop: %v", err)
	}
}

func assemble(s *Server, listener net.Listener, with setup) (*bootstrap.App, error) {
	cfg, err := config.New(with.values)
	if err != nil {
		return nil, err
	}
	return bootstrap.New(cfg, append([]bootstrap.Option{
		bootstrap.Embedded(), bootstrap.WithListener(listener), bootstrap.WithLogger(zap.NewNop()), bootstrap.WithNotices(io.Discard),
		bootstrap.Replace[outbound.Clock](s.Clock), bootstrap.Replace[outbound.Mailer](mailer{s.Outbox}), bootstrap.Replace[outbound.Texter](texter{s.Outbox}),
	}, with.options...)...)
}
