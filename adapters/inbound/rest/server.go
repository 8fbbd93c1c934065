package rest

import (
	"context"
	"log"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// defaultRequestTimeout bounds the work on one request.
const defaultRequestTimeout = 10 * time.Second

// Config is what the HTTP layer is told about its installation.
type Config struct {
	Issuer         string         // the base of every advertised URL; never the Host header
	CORSOrigins    []string       // exact origins, as browsers send them; empty: no cross-origin reading
	TrustedProxies []netip.Prefix // peers whose X-Forwarded-For counts
	RequestTimeout time.Duration  // of the work on one request; zero: 10 s
	Version        string         // shown in the OpenAPI document
	Clock          outbound.Clock
	Random         outbound.Random
	Logger         *zap.Logger // nil: no request log

	// Observe, where set, is told of every finished request: the route's
	// template, the method, the status and how long it took.
	Observe func(route, method string, status int, took time.Duration)
	// Trace, where set, gives each request the context that its work runs in,
	// and what is told of the answer's status in the end.
	Trace func(r *http.Request, route, method, requestID string) (ctx context.Context, finish func(status int))
}

// UseCases are the ports that the endpoints call; all are required.
type UseCases struct {
	Tokens        inbound.TokenEndpoint
	Introspector  inbound.Introspector
	Revoker       inbound.Revoker
	Authenticator inbound.Authenticator
	Sessions      inbound.Sessions
	Metadata      inbound.Metadata
	Accounts      inbound.Accounts
	Users         inbound.Users
	UserAccess    inbound.UserAccess
	OwnAccess     inbound.OwnAccess
	Recovery      inbound.Recovery
	Addresses     inbound.OwnAddresses
	Permissions   inbound.Permissions
	Roles         inbound.Roles
	Scopes        inbound.Scopes
	ClientAuth    inbound.ClientAuthentications
	Devices       inbound.Devices // nil: none are let in
	Clients       inbound.Clients
	ClientEditor  inbound.ClientEditor
	ClientControl inbound.ClientControl
	Health        inbound.Health
	Audit         inbound.AuditTrail
	Denials       inbound.Denials
	Settings      inbound.Settings
	Keys          inbound.SigningKeys
	Statistics    inbound.Statistics
}

// Server answers HTTP requests.
type Server struct {
	config    Config
	use       UseCases
	echo      *echo.Echo
	endpoints []endpoint
	resources map[string]*resource // by path
	origins   map[string]bool      // CORS
	headers   headers              // on every answer
	discovery *publication
	keys      atomic.Pointer[publication] // as they were asked for last
	document  func() (*publication, error)
}

// resource is what the endpoints of one path have in common.
type resource struct {
	path     string
	methods  []string
	protocol protocol
	streams  bool
}

// New makes a server of every endpoint in routes.go.
func New(config Config, use UseCases) (*Server, error) {
	config.Issuer = strings.TrimSuffix(config.Issuer, "/")
	if config.RequestTimeout <= 0 {
		config.RequestTimeout = defaultRequestTimeout
	}
	if config.Logger == nil {
		config.Logger = zap.NewNop()
	}
	s := &Server{
		config: config, use: use, echo: echo.New(), resources: map[string]*resource{},
		origins: map[string]bool{}, headers: standingHeaders(config),
	}
	for _, origin := range config.CORSOrigins {
		s.origins[origin] = true
	}
	discovery, err := s.discoveryDocument()
	if err != nil {
		return nil, err
	}
	s.discovery = publish(discovery)
	s.endpoints = s.table()
	s.document = sync.OnceValues(func() (*publication, error) {
		document, err := s.describe()
		return publish(document), err
	})
	s.mount()
	return s, nil
}

func (s *Server) mount() {
	s.echo.Use(s.around)
	for _, e := range s.endpoints {
		r := s.resources[e.path]
		if r == nil {
			r = &resource{path: e.path, protocol: e.protocol, streams: e.streams}
			s.resources[e.path] = r
		}
		r.methods = append(r.methods, e.method)
		handler := s.guard(e)
		s.echo.Add(e.method, e.path, handler)
		if e.method == http.MethodGet {
			r.methods = append(r.methods, http.MethodHead)
			s.echo.Add(http.MethodHead, e.path, handler)
		}
	}
}

// Handler serves the API.
func (s *Server) Handler() http.Handler { return s.echo }

// OpenAPI gives the OpenAPI 3.1 document of every endpoint, as JSON.
func (s *Server) OpenAPI() ([]byte, error) {
	document, err := s.document()
	return document.body, err
}

// Route is an endpoint as tests see it. Auth is `none`, `client`,
// `bearer`, `client or bearer`, or the scope that a bearer needs. Every GET also answers HEAD.
type Route struct {
	Method   string
	Path     string
	Auth     string
	Unlisted bool // not in the OpenAPI document
}

// Routes lists every endpoint.
func (s *Server) Routes() []Route {
	routes := make([]Route, len(s.endpoints))
	for i, e := range s.endpoints {
		auth := string(e.access)
		if e.access == bearer && e.scope != "" {
			auth = string(e.scope)
		}
		routes[i] = Route{Method: e.method, Path: e.path, Auth: auth, Unlisted: e.unlisted}
	}
	return routes
}

// NewHTTPServer wraps a handler in a server whose limits shut slow and
// oversized clients out. Its complaints go to logger.
func NewHTTPServer(handler http.Handler, addr string, logger *zap.Logger) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          serverLog(logger),
	}
}

func serverLog(logger *zap.Logger) *log.Logger {
	if logger == nil {
		logger = zap.NewNop()
	}
	return zap.NewStdLog(logger.Named("http"))
}
