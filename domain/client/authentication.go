package client

import "github.com/keystone-auth/keystone/domain"

// Proof is what a client proves itself by.
type Proof uint8

// The proofs. The zero value is what a client gets that names no method.
const (
	BySecret Proof = iota
	ByKeys
	ByNothing // a public client (RFC 6749, section 2.1)
	ByUnknown // the method is not on offer
)

// The methods that the domain knows of (RFC 7591, section 2).
const (
	defaultMethod = "client_secret_basic"
	postMethod    = "client_secret_post"
	publicMethod  = "none"
)

// Authentication is how a client is registered to prove itself.
type Authentication struct {
	Method string // token_endpoint_auth_method; empty: client_secret_basic
	By     Proof
	Keys   string // JWK Set of its public keys; empty: none
}

// check holds a registration to its own rules, and gives its method.
func (a Authentication) check(grants []string) (string, []domain.Field) {
	switch {
	case a.By == ByUnknown:
		return "", []domain.Field{{Name: "token_endpoint_auth_method", Code: "unknown", Message: "must be a method that is on offer: see token_endpoint_auth_methods_supported"}}
	case a.By == ByKeys && a.Keys == "":
		return "", []domain.Field{{Name: "jwks", Code: "required", Message: "must hold the keys that this method of authentication needs"}}
	case a.By == ByNothing && len(grants) == 0:
		return "", []domain.Field{{Name: "grant_types", Code: "required", Message: "must be named for a client that proves nothing"}}
	case a.Method == "":
		return defaultMethod, nil
	}
	return a.Method, nil
}

// AuthMethod gives the method that the client is registered for.
func (c *ServiceClient) AuthMethod() string {
	if c.s.AuthMethod == "" {
		return defaultMethod
	}
	return c.s.AuthMethod
}

// ProvesBySecret tells whether the client's secret counts. Either way to send
// it does: the two differ in form only.
func (c *ServiceClient) ProvesBySecret() bool {
	return !c.IsPublic() && (c.AuthMethod() == defaultMethod || c.AuthMethod() == postMethod)
}

// Keys gives the JWK Set of the client's public keys; empty where it has none.
func (c *ServiceClient) Keys() []byte { return []byte(c.s.Keys) }
