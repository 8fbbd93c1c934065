package rest

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// access is who may ask.
type access string

const (
	anyone access = "none"
	client access = "client" // proves itself in the request (RFC 6749, section 2.3)

	clientOrBearer access = "client or bearer" // the handler tells them apart
	bearer         access = "bearer"           // of an access token (RFC 6750)
)

// protocol is how an endpoint words its failures.
type protocol uint8

const (
	problemProtocol protocol = iota // RFC 9457
	oauthProtocol                   // RFC 6749, section 5.2
)

// handler answers one request that the guard let through.
type handler func(c echo.Context, x *exchange) error

// endpoint is one line of the route table: how to reach it, who may, and what
// the OpenAPI document says of it.
type endpoint struct {
	method   string
	path     string
	access   access
	scope    scope.Name // that a bearer needs; empty: any token of the subject itself
	derived  bool       // without a scope: tokens that were derived, or that somebody acts with, will do too
	protocol protocol
	handle   handler

	id           string
	summary      string
	tag          string
	query        []field      // the parameters of the query
	form         []field      // the parameters of a form
	body         reflect.Type // of a JSON body
	bodyOptional bool
	ifMatch      bool         // honours If-Match
	ifNoneMatch  bool         // honours If-None-Match, with 304
	answer       reflect.Type // nil: no content
	media        string       // of the answer; empty: application/json
	streams      bool         // the answer may take as long as its reader does
	status       int          // of success
	alsoAs       int          // another status of the same answer; zero: none
	unlisted     bool         // a part of a page; the document is silent of it

	refuses  []domain.Code            // beside what follows from the row, see codes
	examples map[string]*huma.Example // of the form
}

const (
	tagOAuth   = "OAuth"
	tagUsers   = "Users"
	tagRoles   = "Roles and scopes"
	tagClients = "Clients"
	tagSystem  = "System"
)

const (
	tokenPath      = "/api/v1/auth/token"
	introspectPath = "/api/v1/auth/introspect"
	revokePath     = "/api/v1/auth/revoke"
	clientsPath    = "/api/v1/clients"
	rolesPath      = "/api/v1/admin/roles"
	scopesPath     = "/api/v1/admin/scopes"
	allClientsPath = "/api/v1/admin/clients"
	discoveryPath  = "/.well-known/oauth-authorization-server"
	jwksPath       = "/.well-known/jwks.json"
	openAPIPath    = "/openapi.json"
)

// What several endpoints of a user's own refuse.
var (
	notUsers = []domain.Code{domain.CodeForbidden}
	unproven = []domain.Code{domain.CodeWrongPassword, domain.CodeAccountLocked, domain.CodeBusy}
)

func (s *Server) table() []endpoint {
	me := endpoint{method: http.MethodGet, access: bearer, scope: scope.ReadProfile, handle: s.me,
		tag: tagUsers, id: "get-me", summary: "The caller's own account", answer: reflect.TypeFor[userAnswer](), status: http.StatusOK, refuses: notUsers}
	changeMe := endpoint{method: http.MethodPatch, access: bearer, scope: scope.WriteProfile, handle: s.changeMe,
		tag: tagUsers, id: "change-me", summary: "Change the caller's own profile; null clears a field", ifMatch: true,
		body: reflect.TypeFor[profilePatch](), answer: reflect.TypeFor[userAnswer](), status: http.StatusOK, refuses: unproven}

	table := []endpoint{
		{method: http.MethodPost, path: tokenPath, access: client, protocol: oauthProtocol, handle: s.token,
			tag: tagOAuth, id: "token", summary: "Issue tokens (RFC 6749)", form: s.tokenForm(), examples: s.tokenExamples(),
			refuses: []domain.Code{domain.CodeInvalidGrant, domain.CodeInvalidScope, domain.CodeUnauthorizedClient, domain.CodeUnsupportedGrantType, domain.CodeBusy, domain.CodeInvalidTarget,
				domain.CodeAuthorizationPending, domain.CodeSlowDown, domain.CodeExpiredToken, domain.CodeAccessDenied},
			answer: reflect.TypeFor[tokenAnswer](), status: http.StatusOK},
		{method: http.MethodPost, path: introspectPath, access: clientOrBearer, scope: scope.IntrospectTokens, protocol: oauthProtocol, handle: s.introspect,
			tag: tagOAuth, id: "introspect", summary: "Tell the state of a token (RFC 7662)", form: s.presentedTokenForm(), examples: tokenExample,
			answer: reflect.TypeFor[introspectionAnswer](), status: http.StatusOK},
		{method: http.MethodPost, path: revokePath, access: client, protocol: oauthProtocol, handle: s.revoke,
			tag: tagOAuth, id: "revoke", summary: "End a token (RFC 7009)", form: s.presentedTokenForm(), examples: tokenExample, status: http.StatusOK},
		{method: http.MethodPost, path: "/api/v1/auth/logout", access: bearer, handle: s.logout,
			tag: tagOAuth, id: "logout", summary: "End this session, or all of the user's",
			body: reflect.TypeFor[logoutBody](), bodyOptional: true, status: http.StatusNoContent},
		{method: http.MethodPost, path: "/api/v1/auth/permissions/check", access: bearer, derived: true, handle: s.checkPermissions,
			tag: tagOAuth, id: "check-permissions", summary: "Tell whether one or up to 100 things are allowed",
			refuses: []domain.Code{domain.CodeInsufficientScope, domain.CodeNotFound},
			body:    reflect.TypeFor[checkBody](), answer: reflect.TypeFor[checkAnswer](), status: http.StatusOK},

		{method: http.MethodPost, path: "/api/v1/users/register", access: anyone, handle: s.register,
			tag: tagUsers, id: "register", summary: "Make an account",
			refuses: []domain.Code{domain.CodeUsernameTaken, domain.CodeClosed, domain.CodeRateLimited, domain.CodeBusy},
			body:    reflect.TypeFor[registerBody](), answer: reflect.TypeFor[registerAnswer](), status: http.StatusAccepted},
		me.at("/api/v1/users/me", ""), me.at("/api/v1/users/profile", "-alias"),
		changeMe.at("/api/v1/users/me", ""), changeMe.at("/api/v1/users/profile", "-alias"),

		{method: http.MethodGet, path: discoveryPath, access: anyone, handle: s.discover,
			tag: tagOAuth, id: "discovery", summary: "Authorization server metadata (RFC 8414)",
			answer: reflect.TypeFor[metadata](), ifNoneMatch: true, status: http.StatusOK},
		{method: http.MethodGet, path: jwksPath, access: anyone, handle: s.jwks,
			tag: tagOAuth, id: "jwks", summary: "Public signing keys (RFC 7517)", answer: reflect.TypeFor[keySet](), ifNoneMatch: true, status: http.StatusOK},
		{method: http.MethodGet, path: "/healthz", access: anyone, handle: s.healthz,
			tag: tagSystem, id: "healthz", summary: "Whether the process lives", answer: reflect.TypeFor[liveness](), status: http.StatusOK},
		{method: http.MethodGet, path: "/readyz", access: anyone, handle: s.readyz,
			tag: tagSystem, id: "readyz", summary: "Whether this instance can serve; 503 where not",
			answer: reflect.TypeFor[readiness](), status: http.StatusOK, alsoAs: notReady},
		{method: http.MethodGet, path: openAPIPath, access: anyone, handle: s.openAPI,
			tag: tagSystem, id: "openapi", summary: "This document", answer: reflect.TypeFor[map[string]any](), ifNoneMatch: true, status: http.StatusOK},
	}
	return slices.Concat(table, s.insertedDiscovery(), s.roleRoutes(), s.scopeRoutes(), s.userRoutes(), s.ownAccessRoutes(), s.recoveryRoutes(), s.clientRoutes(), s.deviceRoutes(), s.operations(), s.docsRoutes())
}

// bodiless tells whether a body would be a mistake. One of a GET means nothing
// to anybody (RFC 9110, section 9.3.1); pages take the forms that they are.
func (e endpoint) bodiless() bool {
	return e.body == nil && e.form == nil && e.method != http.MethodGet && !e.unlisted
}

// at gives the endpoint a path; suffix keeps operation ids distinct.
func (e endpoint) at(path, suffix string) endpoint {
	e.path = path
	e.id += suffix
	return e
}
