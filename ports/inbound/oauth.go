package inbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
)

// TokenRequest is a request to the token endpoint. Params holds the body's
// parameters, each given once and not empty, without the client's.
type TokenRequest struct {
	Client ClientCredentials
	Params map[string]string
}

// TokenResponse is a success of RFC 6749, section 5.1.
type TokenResponse struct {
	AccessToken  domain.Secret
	ExpiresIn    time.Duration // whole seconds
	Scope        scope.Set
	RefreshToken domain.Secret // empty where none is issued
	UserID       string        // empty for clients
	// Members are extension members of the answer, such as issued_token_type.
	Members map[string]string
}

// TokenEndpoint issues tokens.
type TokenEndpoint interface {
	// Token runs the grant that Params names. It fails with the codes of
	// RFC 6749, section 5.2, KindUnavailable, or KindInternal.
	Token(ctx context.Context, r TokenRequest) (TokenResponse, error)
	// GrantTypes lists what is offered, in the order of registration.
	GrantTypes() []string
	// Parameters lists what a grant requires beside the parameters that all
	// share; nothing for one that is not registered.
	Parameters(grantType string) []string
}

// Introspection is the state of a token (RFC 7662, section 2.2). Inactive
// tokens tell nothing else.
type Introspection struct {
	Active    bool
	IsRefresh bool
	Claims    token.AccessClaims // of a refresh token: what it shares with them
}

// Introspector tells the state of tokens.
type Introspector interface {
	// IntrospectAsClient answers an authenticated client: any token if it holds
	// introspect:tokens, else its own. Wrong credentials: CodeInvalidClient.
	IntrospectAsClient(ctx context.Context, credentials ClientCredentials, raw domain.Secret) (Introspection, error)
	// IntrospectAsBearer answers a bearer: as above for a client's token; a
	// user's needs introspect:tokens, else CodeInsufficientScope.
	IntrospectAsBearer(ctx context.Context, caller Caller, raw domain.Secret) (Introspection, error)
}

// Revoker ends tokens (RFC 7009).
type Revoker interface {
	// Revoke ends an access token, or the whole session of a refresh token.
	// Unknown and dead tokens succeed. Another client's token: CodeInvalidRequest;
	// wrong or missing credentials of a confidential client: CodeInvalidClient;
	// what can't be stored: KindUnavailable.
	Revoke(ctx context.Context, credentials ClientCredentials, raw domain.Secret) error
}

// Caller is the verified bearer of an access token: its claims and the
// principal behind it as it stands now. Only an Authenticator makes one.
type Caller struct {
	Claims    token.AccessClaims
	Principal token.Principal
	Scopes    scope.Set // what the token may still do: its scope, limited to what is held now
}

// Party names the caller in events. Where the token was derived, or somebody acts
// with it, the name tells through whom.
func (c Caller) Party() domain.Party {
	party := c.Principal.Party()
	if c.Claims.Direct() {
		return party
	}
	through := c.Claims.ClientID
	if actors := c.Claims.Actors; len(actors) > 0 && actors[0].Subject != through {
		through = actors[0].Subject + " through " + through
	}
	party.Name += " (by " + through + ")"
	return party
}

// Can tells whether the permission is held: by its scopes, or as RulesAll says.
func (c Caller) Can(permission scope.Name) bool { return c.Scopes.Covers(permission) || c.RulesAll() }

// Authenticator verifies bearer tokens.
type Authenticator interface {
	// Authenticate checks signature, typ, issuer, audience, times, revocation
	// of the token, its session, user and client, and then the principal.
	// Refused: CodeInvalidToken. Revocation state unknown in fail mode
	// `closed`: KindUnavailable.
	Authenticate(ctx context.Context, bearer string) (Caller, error)
}

// Sessions ends logins.
type Sessions interface {
	// Logout ends the caller's session, or all of the user's. A client's token:
	// KindForbidden.
	Logout(ctx context.Context, caller Caller, all bool) error
}

// Metadata is what verifiers and clients discover.
type Metadata interface {
	// JWKS gives the public keys as a JSON document (RFC 7517, section 5).
	JWKS(ctx context.Context) ([]byte, error)
}

// InsufficientScope refuses a caller who lacks a permission and names it
// (RFC 6750, section 3.1).
func InsufficientScope(missing scope.Name) error {
	err := domain.E(domain.KindForbidden, domain.CodeInsufficientScope, "the token lacks the needed scope")
	err.Scope = string(missing)
	return err
}

// Themselves refuses a token that was made from another, or that somebody acts
// with, where only the subject itself may ask: it was handed on for what its
// scopes say, not for the account or its sessions. Refused: KindForbidden.
func (c Caller) Themselves() error {
	if !c.Claims.Direct() {
		return domain.Forbidden("this is for the subject itself; the token was derived, or somebody acts with it")
	}
	return nil
}

// UsersOnly refuses a client's token where only a user has what is asked for.
func UsersOnly() error {
	return domain.Forbidden("this is for users; the token speaks for a client")
}
