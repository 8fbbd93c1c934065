package rest

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// metadata is RFC 8414, section 2. There is no authorization endpoint, so no
// response type.
type metadata struct {
	Issuer                   string   `json:"issuer"`
	TokenEndpoint            string   `json:"token_endpoint"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	DeviceEndpoint           string   `json:"device_authorization_endpoint,omitempty"`
	JWKSURI                  string   `json:"jwks_uri"`
	ScopesSupported          []string `json:"scopes_supported"`
	ResponseTypesSupported   []string `json:"response_types_supported"`
	GrantTypesSupported      []string `json:"grant_types_supported"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs            []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgs    []string `json:"introspection_endpoint_auth_signing_alg_values_supported,omitempty"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs       []string `json:"revocation_endpoint_auth_signing_alg_values_supported,omitempty"`
	ServiceDocumentation     string   `json:"service_documentation"`
}

func (s *Server) discoveryDocument() ([]byte, error) {
	var methods, proving, algs []string
	for _, offered := range s.use.ClientAuth.ClientAuthentications() {
		methods = append(methods, string(offered.Method))
		if offered.Method != inbound.AuthNone {
			proving = append(proving, string(offered.Method))
		}
		algs = append(algs, offered.Algorithms...)
	}
	base := s.config.Issuer
	var devices string
	if s.use.Devices != nil {
		devices = base + deviceAuthorizationPath
	}
	return json.Marshal(metadata{
		Issuer: base, TokenEndpoint: base + tokenPath, IntrospectionEndpoint: base + introspectPath,
		RevocationEndpoint: base + revokePath, DeviceEndpoint: devices, JWKSURI: base + jwksPath,
		ScopesSupported:        scope.Builtin().Strings(),
		ResponseTypesSupported: []string{},
		GrantTypesSupported:    append([]string{}, s.use.Tokens.GrantTypes()...),
		TokenAuthMethods:       methods, TokenAuthAlgs: algs,
		IntrospectionAuthMethods: append(proving, "Bearer"), IntrospectionAuthAlgs: algs, // token types are allowed here (RFC 8414, section 2)
		RevocationAuthMethods: methods, RevocationAuthAlgs: algs,
		ServiceDocumentation: base + docsPath,
	})
}

func (s *Server) discover(c echo.Context, _ *exchange) error {
	return s.discovery.write(c)
}

// insertedDiscovery is where clients look that put the well-known part between
// the host and the path of an issuer (RFC 8414, section 3.1).
func (s *Server) insertedDiscovery() []endpoint {
	if s.issuerPath() == "" {
		return nil
	}
	return []endpoint{{method: http.MethodGet, path: discoveryPath + "/*", access: anyone, unlisted: true, handle: func(c echo.Context, x *exchange) error {
		if c.Request().URL.Path != discoveryPath+s.issuerPath() {
			return echo.ErrNotFound
		}
		return s.discover(c, x)
	}}}
}

func (s *Server) issuerPath() string {
	issuer, err := url.Parse(s.config.Issuer)
	if err != nil {
		return "" // not one that anybody could look up
	}
	return issuer.Path
}

// keySet documents RFC 7517, section 5; the document itself comes ready-made.
type keySet struct {
	Keys []map[string]any `json:"keys"`
}

func (s *Server) jwks(c echo.Context, _ *exchange) error {
	keys, err := s.use.Metadata.JWKS(c.Request().Context())
	if err != nil {
		return err
	}
	published := s.keys.Load()
	if published == nil || !bytes.Equal(published.body, keys) {
		published = publish(keys)
		s.keys.Store(published)
	}
	return published.write(c)
}

func (s *Server) openAPI(c echo.Context, _ *exchange) error {
	document, err := s.document()
	if err != nil {
		return err
	}
	return document.write(c)
}
