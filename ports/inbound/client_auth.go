package inbound

import "github.com/keystone-auth/keystone/domain"

// ClientAuthMethod is how a client proves itself (RFC 6749, section 2.3), by
// its registered name (RFC 8414, section 2).
type ClientAuthMethod string

// The methods of RFC 6749. Others have their names where they are.
const (
	AuthNone  ClientAuthMethod = "none"
	AuthBasic ClientAuthMethod = "client_secret_basic"
	AuthPost  ClientAuthMethod = "client_secret_post"
)

// ClientCredentials are what a request says about its client. The zero value
// names none.
type ClientCredentials struct {
	Method ClientAuthMethod
	ID     string        // empty where only the proof names the client
	Secret domain.Secret // what is to prove it: a secret, an assertion
}

// Proving tells whether they are to prove the client, rather than name it.
func (c ClientCredentials) Proving() bool { return c.Method != "" && c.Method != AuthNone }

// ClientAuthentication is how requests carry a method, for who reads them. A
// method uses Basic or Parameter; one that proves nothing uses neither.
type ClientAuthentication struct {
	Method ClientAuthMethod
	// Basic says that id and secret are in the Authorization header (RFC 7617).
	Basic bool
	// Parameter names the parameter of the form that carries the proof.
	Parameter string
	// Beside names the parameter that says what kind of proof it is, and Kind is
	// its only value. Empty: there is none.
	Beside, Kind string
	// NamesClient says that the proof names its client, so that client_id may be
	// left out (RFC 7521, section 4.2).
	NamesClient bool
	// Algorithms are those that may sign the proof; empty where nothing does.
	Algorithms []string
}

// ClientAuthentications lists the methods on offer.
type ClientAuthentications interface {
	// ClientAuthentications lists them in the order of registration.
	ClientAuthentications() []ClientAuthentication
}
