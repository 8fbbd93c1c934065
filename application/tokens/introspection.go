package tokens

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// ClientAuthenticator proves clients. Failed: CodeInvalidClient.
type ClientAuthenticator interface {
	Authenticate(ctx context.Context, credentials inbound.ClientCredentials) (*client.ServiceClient, error)
}

// Introspector tells the state of tokens (RFC 7662).
type Introspector struct {
	policy     Policies
	clock      outbound.Clock
	clients    ClientAuthenticator
	validator  *Validator
	refresh    outbound.RefreshDirectory
	principals *Principals
}

var _ inbound.Introspector = (*Introspector)(nil)

// NewIntrospector makes an introspector.
func NewIntrospector(p Policies, clock outbound.Clock, clients ClientAuthenticator, validator *Validator, refresh outbound.RefreshDirectory, principals *Principals) *Introspector {
	return &Introspector{policy: p, clock: clock, clients: clients, validator: validator, refresh: refresh, principals: principals}
}

// everyToken stands for the right to see tokens of any client.
const everyToken = ""

// IntrospectAsClient answers a client.
func (i *Introspector) IntrospectAsClient(ctx context.Context, credentials inbound.ClientCredentials, raw domain.Secret) (inbound.Introspection, error) {
	if !credentials.Proving() {
		// A public client proves nothing, so it may ask nothing (RFC 7662, section 2.1).
		return inbound.Introspection{}, domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "client authentication is required")
	}
	asking, err := i.clients.Authenticate(ctx, credentials)
	if err != nil {
		return inbound.Introspection{}, err
	}
	return i.introspect(ctx, sees(asking.ClientID(), asking.Scopes()), raw)
}

// IntrospectAsBearer answers a bearer.
func (i *Introspector) IntrospectAsBearer(ctx context.Context, caller inbound.Caller, raw domain.Secret) (inbound.Introspection, error) {
	if caller.Claims.IsUser() {
		if !caller.Can(scope.IntrospectTokens) {
			return inbound.Introspection{}, inbound.InsufficientScope(scope.IntrospectTokens)
		}
		return i.introspect(ctx, everyToken, raw)
	}
	return i.introspect(ctx, sees(caller.Claims.ClientID, caller.Scopes), raw)
}

func sees(clientID string, held scope.Set) string {
	if held.Covers(scope.IntrospectTokens) {
		return everyToken
	}
	return clientID
}

func (i *Introspector) introspect(ctx context.Context, visible string, raw domain.Secret) (inbound.Introspection, error) {
	var answer inbound.Introspection
	var err error
	if token.WellFormed(token.RefreshPrefix, raw.Reveal()) {
		answer, err = i.refreshToken(ctx, token.DigestOf(raw))
	} else {
		answer, err = i.accessToken(ctx, raw)
	}
	if err != nil || !answer.Active || visible != everyToken && answer.Claims.ClientID != visible {
		return inbound.Introspection{}, err
	}
	return answer, nil
}

func (i *Introspector) accessToken(ctx context.Context, raw domain.Secret) (inbound.Introspection, error) {
	caller, err := i.validator.Authenticate(ctx, raw.Reveal())
	switch {
	case domain.HasCode(err, domain.CodeInvalidToken):
		return inbound.Introspection{}, nil
	case err != nil:
		return inbound.Introspection{}, err // unknown is not inactive
	}
	claims := caller.Claims
	claims.Scope = caller.Scopes // what it may do now
	return inbound.Introspection{Active: true, Claims: claims}, nil
}

func (i *Introspector) refreshToken(ctx context.Context, digest token.Digest) (inbound.Introspection, error) {
	refresh, session, err := i.refresh.ByDigest(ctx, digest)
	if err != nil {
		return inbound.Introspection{}, unlessNotFound(err)
	}
	s := refresh.Snapshot()
	if !refresh.Spendable(session, i.clock.Now()) {
		return inbound.Introspection{}, nil
	}
	principal, err := i.principals.User(ctx, s.UserID.String())
	if err != nil || !principal.Active {
		return inbound.Introspection{}, unlessNotFound(err)
	}
	owner, err := i.principals.Client(ctx, s.ClientID)
	if err != nil || !owner.IsActive() {
		return inbound.Introspection{}, unlessNotFound(err)
	}
	return inbound.Introspection{Active: true, IsRefresh: true, Claims: token.AccessClaims{
		Issuer: i.policy.Current().Issuer, Subject: principal.ID, Audience: i.policy.Current().audience(), ID: s.ID.String(), ClientID: s.ClientID,
		IssuedAt: s.CreatedAt.Truncate(time.Second), ExpiresAt: s.ExpiresAt.Truncate(time.Second),
		Scope: owner.Ceiling(s.Scope.Limit(principal.Scopes)), Username: principal.Name, Roles: principal.Roles, SessionID: s.SessionID.String(),
	}}, nil
}

func unlessNotFound(err error) error {
	if err != nil && domain.AsError(err).Kind == domain.KindNotFound {
		return nil
	}
	return err
}
