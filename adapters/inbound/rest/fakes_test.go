package rest

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/keystone-auth/keystone/domain"
	service "github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type fixedClock struct{}

func (fixedClock) Now() time.Time                             { return noon }
func (fixedClock) Sleep(context.Context, time.Duration) error { return nil }

type countingRandom struct{ n atomic.Uint64 }

func (r *countingRandom) NewID(time.Time) (id domain.ID) {
	binary.BigEndian.PutUint64(id[8:], r.n.Add(1))
	return id
}
func (r *countingRandom) Entropy() [32]byte { return [32]byte{} }

// ports is every inbound port; calls counts what reached one.
type ports struct {
	calls []string
	users usersGiven

	denied   []inbound.Denial
	undenied error // where denials can't be kept

	token        func(ctx context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error)
	asClient     func(ctx context.Context, c inbound.ClientCredentials, raw domain.Secret) (inbound.Introspection, error)
	asBearer     func(ctx context.Context, caller inbound.Caller, raw domain.Secret) (inbound.Introspection, error)
	revoke       func(ctx context.Context, c inbound.ClientCredentials, raw domain.Secret) error
	logout       func(ctx context.Context, caller inbound.Caller, all bool) error
	jwks         func(ctx context.Context) ([]byte, error)
	register     func(ctx context.Context, r inbound.Registration) error
	me           func(ctx context.Context, caller inbound.Caller) (inbound.Account, error)
	change       func(ctx context.Context, caller inbound.Caller, change user.ProfileChange, version int64) (inbound.Account, error)
	allowed      func(ctx context.Context, caller inbound.Caller, id *domain.ID, checks []inbound.Check) ([]bool, error)
	create       func(ctx context.Context, caller inbound.Caller, d service.Draft) (inbound.NewClient, error)
	ready        func(ctx context.Context) (bool, []inbound.Dependency)
	settings     settingsPort
	keys         keysPort
	trail        func(ctx context.Context, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error)
	authenticate func(ctx context.Context, bearer string) (inbound.Caller, error)
}

var (
	_ inbound.TokenEndpoint = (*ports)(nil)
	_ inbound.Introspector  = (*ports)(nil)
	_ inbound.Revoker       = (*ports)(nil)
	_ inbound.Authenticator = (*ports)(nil)
	_ inbound.Sessions      = (*ports)(nil)
	_ inbound.Metadata      = (*ports)(nil)
	_ inbound.Accounts      = (*ports)(nil)
	_ inbound.Permissions   = (*ports)(nil)
	_ inbound.Clients       = (*ports)(nil)
	_ inbound.Health        = (*ports)(nil)
	_ inbound.AuditTrail    = (*ports)(nil)
)

func (p *ports) called(name string) { p.calls = append(p.calls, name) }

func (p *ports) Token(ctx context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error) {
	p.called("token")
	return p.token(ctx, r)
}
func (p *ports) GrantTypes() []string { return []string{"client_credentials", "password"} }
func (p *ports) Parameters(grantType string) []string {
	if grantType == "password" {
		return []string{"username", "password"}
	}
	return nil
}
func (p *ports) ClientAuthentications() []inbound.ClientAuthentication {
	return []inbound.ClientAuthentication{
		{Method: inbound.AuthBasic, Basic: true}, {Method: inbound.AuthPost, Parameter: "client_secret"}, {Method: inbound.AuthNone},
		{Method: "ticket", Parameter: "ticket", Beside: "ticket_type", Kind: "t", NamesClient: true, Algorithms: []string{"ES256"}},
	}
}

// offering is a server that only reads what a request says about its client.
func offering() *Server { return &Server{use: UseCases{ClientAuth: &ports{}}} }

func (p *ports) IntrospectAsClient(ctx context.Context, c inbound.ClientCredentials, raw domain.Secret) (inbound.Introspection, error) {
	p.called("introspect as client")
	return p.asClient(ctx, c, raw)
}
func (p *ports) IntrospectAsBearer(ctx context.Context, caller inbound.Caller, raw domain.Secret) (inbound.Introspection, error) {
	p.called("introspect as bearer")
	return p.asBearer(ctx, caller, raw)
}
func (p *ports) Revoke(ctx context.Context, c inbound.ClientCredentials, raw domain.Secret) error {
	p.called("revoke")
	return p.revoke(ctx, c, raw)
}
func (p *ports) Authenticate(ctx context.Context, raw string) (inbound.Caller, error) {
	return p.authenticate(ctx, raw)
}
func (p *ports) Logout(ctx context.Context, caller inbound.Caller, all bool) error {
	p.called("logout")
	return p.logout(ctx, caller, all)
}
func (p *ports) JWKS(ctx context.Context) ([]byte, error) { return p.jwks(ctx) }
func (p *ports) Register(ctx context.Context, r inbound.Registration) error {
	p.called("register")
	return p.register(ctx, r)
}
func (p *ports) Me(ctx context.Context, caller inbound.Caller) (inbound.Account, error) {
	p.called("me")
	return p.me(ctx, caller)
}
func (p *ports) ChangeProfile(ctx context.Context, caller inbound.Caller, change user.ProfileChange, version int64) (inbound.Account, error) {
	p.called("change")
	return p.change(ctx, caller, change, version)
}
func (p *ports) Allowed(ctx context.Context, caller inbound.Caller, id *domain.ID, checks []inbound.Check) ([]bool, error) {
	p.called("allowed")
	return p.allowed(ctx, caller, id, checks)
}
func (p *ports) Create(ctx context.Context, caller inbound.Caller, d service.Draft) (inbound.NewClient, error) {
	p.called("create")
	return p.create(ctx, caller, d)
}
func (p *ports) CreateAsOperator(context.Context, service.Draft) (inbound.NewClient, error) {
	return inbound.NewClient{}, errors.New("not an HTTP matter")
}
func (p *ports) Denied(_ context.Context, d inbound.Denial) error {
	p.denied = append(p.denied, d)
	return p.undenied
}
func (p *ports) Ready(ctx context.Context) (bool, []inbound.Dependency) { return p.ready(ctx) }

func (p *ports) List(ctx context.Context, _ inbound.Caller, filter domain.AuditFilter, page domain.Page) (domain.Listing[domain.AuditRecord], error) {
	p.called("list audit")
	return p.trail(ctx, filter, page)
}
func (p *ports) Export(ctx context.Context, _ inbound.Caller, filter domain.AuditFilter, each func([]domain.AuditRecord) error) error {
	p.called("export audit")
	found, err := p.trail(ctx, filter, domain.Page{})
	if failure := each(found.Items); failure != nil {
		return failure
	}
	return err
}

const (
	alice    = "0190b3a4-0000-7000-8000-000000000001"
	goodWord = "correct horse battery staple"
)

// The bearers that the fake authenticator knows: one with every built-in
// scope, one with none.
const (
	fullToken = "full.token.x"

	derivedToken = "derived.token.x" // that one, exchanged
	bareToken    = "bare.token.x"
)

func obliging() *ports {
	account := inbound.Account{Scopes: scope.NewSet(scope.ReadProfile, scope.WriteProfile), User: user.Snapshot{
		ID: uuidOf(alice), Username: "alice", Email: "alice@example.com", FirstName: "Alice", PasswordHash: "never shown",
		IsActive: true, Roles: []role.Name{role.User}, PasswordChangedAt: noon, Version: 7, CreatedAt: noon, UpdatedAt: noon,
	}}
	caller := func(held scope.Set) inbound.Caller {
		return inbound.Caller{
			Claims:    token.AccessClaims{Subject: alice, ClientID: "keystone", SessionID: "sid-1", Username: "alice"},
			Principal: token.Principal{Kind: domain.PartyUser, ID: alice, Name: "alice", Active: true}, Scopes: held,
		}
	}
	everything := scope.Builtin()
	p := &ports{
		token: func(context.Context, inbound.TokenRequest) (inbound.TokenResponse, error) {
			return inbound.TokenResponse{AccessToken: domain.NewSecret("at"), ExpiresIn: 15 * time.Minute, Scope: scope.NewSet(scope.ReadProfile)}, nil
		},
		asClient: func(context.Context, inbound.ClientCredentials, domain.Secret) (inbound.Introspection, error) {
			return inbound.Introspection{}, nil
		},
		asBearer: func(context.Context, inbound.Caller, domain.Secret) (inbound.Introspection, error) {
			return inbound.Introspection{}, nil
		},
		revoke:   func(context.Context, inbound.ClientCredentials, domain.Secret) error { return nil },
		logout:   func(context.Context, inbound.Caller, bool) error { return nil },
		jwks:     func(context.Context) ([]byte, error) { return []byte(`{"keys":[]}`), nil },
		register: func(context.Context, inbound.Registration) error { return nil },
		me:       func(context.Context, inbound.Caller) (inbound.Account, error) { return account, nil },
		change: func(context.Context, inbound.Caller, user.ProfileChange, int64) (inbound.Account, error) {
			return account, nil
		},
		allowed: func(_ context.Context, _ inbound.Caller, _ *domain.ID, checks []inbound.Check) ([]bool, error) {
			out := make([]bool, len(checks))
			for i, check := range checks {
				out[i] = check.Action == "read"
			}
			return out, nil
		},
		create: func(_ context.Context, _ inbound.Caller, d service.Draft) (inbound.NewClient, error) {
			return inbound.NewClient{Secret: domain.NewSecret("kss_secret"), Client: service.Snapshot{
				ClientID: "ksc_1", AuthMethod: "client_secret_basic", Name: d.Name, IsActive: true, GrantTypes: []string{"client_credentials"}, CreatedAt: noon, UpdatedAt: noon,
			}}, nil
		},
		ready: func(context.Context) (bool, []inbound.Dependency) {
			return true, []inbound.Dependency{{Name: "database", Healthy: true, Latency: 0.4}}
		},
		trail: func(context.Context, domain.AuditFilter, domain.Page) (domain.Listing[domain.AuditRecord], error) {
			return domain.Listing[domain.AuditRecord]{Next: "1.2", Items: []domain.AuditRecord{{
				ID: uuidOf(alice), Origin: domain.Origin{Address: "192.0.2.1"},
				Event: domain.Event{Type: domain.EventLoginFailed, Outcome: domain.Failed, Reason: "bad_credentials", OccurredAt: noon,
					Actor: domain.Party{Kind: domain.PartyUser, ID: alice, Name: "alice"}, Subject: domain.Party{Kind: domain.PartySystem, ID: "keystone"}},
			}}}, nil
		},
		authenticate: func(_ context.Context, raw string) (inbound.Caller, error) {
			switch raw {
			case fullToken:
				return caller(everything), nil
			case bareToken:
				return caller(nil), nil
			case derivedToken:
				derived := caller(everything)
				derived.Claims.Sources = []token.Source{{ID: "jti-1", ClientID: "app", SessionID: "sid-1"}}
				return derived, nil
			}
			return inbound.Caller{}, token.InvalidToken(`the token is "not" valid` + "\r\n")
		},
	}
	p.settings = obligingSettings(p)
	p.keys = keysPort{p: p}
	return p
}

func uuidOf(s string) domain.ID {
	id, err := domain.ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

func configured() Config {
	return Config{
		Issuer: "https://auth.example.com/", Version: "test", Clock: fixedClock{}, Random: &countingRandom{},
		CORSOrigins: []string{"https://app.example.com"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
}

// serve makes a server of fake ports and hands out its log.
func serve(t testing.TB, p *ports, config Config) (*Server, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	config.Logger = zap.New(core)
	s, err := New(config, UseCases{
		Tokens: p, Introspector: p, Revoker: p, Authenticator: p, Sessions: p, Metadata: p,
		Users: usersFake{p}, UserAccess: accessFake{p}, OwnAccess: ownFake{p}, Recovery: recoveryFake{p}, Addresses: addressesFake{p}, Devices: devicesFake{p},
		Accounts: p, Permissions: p, ClientAuth: p, Clients: p, Health: p, Audit: p, Denials: p, Settings: p.settings, Keys: p.keys, Statistics: statisticsPort{p},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, logs
}

func ask(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}
