package limits

import (
	"context"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// TokenEndpoint limits the token requests of an address that fail for bad
// credentials (token_ip).
func (g *Guard) TokenEndpoint(inner inbound.TokenEndpoint) inbound.TokenEndpoint {
	return tokenEndpoint{inner, g}
}

type tokenEndpoint struct {
	inbound.TokenEndpoint
	guard *Guard
}

func (e tokenEndpoint) Token(ctx context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error) {
	return failures(ctx, e.guard, domain.LimitTokenIP, func() (inbound.TokenResponse, bool, error) {
		issued, err := e.TokenEndpoint.Token(ctx, r)
		return issued, domain.HasCode(err, domain.CodeInvalidClient) || presentedBadToken(r, err), err
	})
}

// presentedBadToken tells whether somebody unproven presented a token, or a
// device's code, that is none. A client that proved itself answers for its own tokens with token_client,
// so that one that goes astray is no trouble to others behind its address.
func presentedBadToken(r inbound.TokenRequest, err error) bool {
	presented := r.Params["refresh_token"] != "" || r.Params["device_code"] != ""
	return !r.Client.Proving() && presented && domain.HasCode(err, domain.CodeInvalidGrant)
}

// Introspector limits the tokens of an address that turn out to be none (token_ip).
func (g *Guard) Introspector(inner inbound.Introspector) inbound.Introspector {
	return introspector{inner, g}
}

type introspector struct {
	inner inbound.Introspector
	guard *Guard
}

func (i introspector) IntrospectAsClient(ctx context.Context, credentials inbound.ClientCredentials, raw domain.Secret) (inbound.Introspection, error) {
	return failures(ctx, i.guard, domain.LimitTokenIP, func() (inbound.Introspection, bool, error) {
		state, err := i.inner.IntrospectAsClient(ctx, credentials, raw)
		return state, domain.HasCode(err, domain.CodeInvalidClient) || err == nil && !state.Active, err
	})
}

func (i introspector) IntrospectAsBearer(ctx context.Context, caller inbound.Caller, raw domain.Secret) (inbound.Introspection, error) {
	return failures(ctx, i.guard, domain.LimitTokenIP, func() (inbound.Introspection, bool, error) {
		state, err := i.inner.IntrospectAsBearer(ctx, caller, raw)
		return state, err == nil && !state.Active, err
	})
}

// Revoker limits the revocations of an address that fail for bad credentials
// (token_ip). Of an unknown token nothing is told, so there is nothing to guess.
func (g *Guard) Revoker(inner inbound.Revoker) inbound.Revoker { return revoker{inner, g} }

type revoker struct {
	inner inbound.Revoker
	guard *Guard
}

func (r revoker) Revoke(ctx context.Context, credentials inbound.ClientCredentials, raw domain.Secret) error {
	_, err := failures(ctx, r.guard, domain.LimitTokenIP, func() (struct{}, bool, error) {
		err := r.inner.Revoke(ctx, credentials, raw)
		return struct{}{}, domain.HasCode(err, domain.CodeInvalidClient), err
	})
	return err
}

// Clients limits the requests of a client that proved itself by a secret
// (token_client). Before that nothing is counted against it: whoever knows a
// client's name could use its budget up. A public client is no one's in
// particular, and its users have their own limits.
func (g *Guard) Clients(inner tokens.ClientAuthenticator) tokens.ClientAuthenticator {
	return clientAuthenticator{inner, g}
}

type clientAuthenticator struct {
	inner tokens.ClientAuthenticator
	guard *Guard
}

func (a clientAuthenticator) Authenticate(ctx context.Context, credentials inbound.ClientCredentials) (*client.ServiceClient, error) {
	c, err := a.inner.Authenticate(ctx, credentials)
	if err != nil || c.IsPublic() {
		return c, err
	}
	if err := a.guard.Count(ctx, domain.LimitTokenClient, c.ClientID()); err != nil {
		return nil, err
	}
	return c, nil
}

// Authenticator limits the requests of one principal (api_user).
func (g *Guard) Authenticator(inner inbound.Authenticator) inbound.Authenticator {
	return authenticator{inner, g}
}

type authenticator struct {
	inner inbound.Authenticator
	guard *Guard
}

func (a authenticator) Authenticate(ctx context.Context, bearer string) (inbound.Caller, error) {
	caller, err := a.inner.Authenticate(ctx, bearer)
	if err != nil {
		return inbound.Caller{}, err
	}
	// The kinds need not be told apart: a user's id is a UUID, a client's is not.
	if err := a.guard.Count(ctx, domain.LimitAPIUser, caller.Principal.ID); err != nil {
		return inbound.Caller{}, err
	}
	return caller, nil
}
