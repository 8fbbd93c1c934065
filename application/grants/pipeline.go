package grants

import (
	"context"
	"fmt"
	"time"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Pipeline runs every grant the same way.
type Pipeline struct {
	policy  tokens.Policies
	clock   outbound.Clock
	random  outbound.Random
	clients tokens.ClientAuthenticator
	opener  outbound.SessionOpener
	uow     outbound.UnitOfWork
	issuer  *tokens.Issuer
	names   []string
	grants  map[string]Grant
}

var _ inbound.TokenEndpoint = (*Pipeline)(nil)

// NewPipeline registers the grants. Two of one name are refused.
func NewPipeline(p tokens.Policies, clock outbound.Clock, random outbound.Random, clients tokens.ClientAuthenticator,
	opener outbound.SessionOpener, uow outbound.UnitOfWork, issuer *tokens.Issuer, grants []Grant) (*Pipeline, error) {
	pipeline := &Pipeline{policy: p, clock: clock, random: random, clients: clients, opener: opener, uow: uow, issuer: issuer, grants: map[string]Grant{}}
	for _, grant := range grants {
		name := grant.Name()
		if _, taken := pipeline.grants[name]; taken {
			return nil, fmt.Errorf("two grants are registered as %q", name)
		}
		pipeline.grants[name] = grant
		pipeline.names = append(pipeline.names, name)
	}
	return pipeline, nil
}

// GrantTypes lists the grants in the order of registration.
func (p *Pipeline) GrantTypes() []string { return p.names }

// Confidential lists the grants that only a client that proves itself may use.
func (p *Pipeline) Confidential() []string {
	var names []string
	for _, name := range p.names {
		if p.grants[name].Rules().Confidential {
			names = append(names, name)
		}
	}
	return names
}

// Parameters lists what a grant requires.
func (p *Pipeline) Parameters(grantType string) []string {
	grant, known := p.grants[grantType]
	if !known {
		return nil
	}
	return grant.Rules().Required
}

// Token runs the grant that the request names.
func (p *Pipeline) Token(ctx context.Context, r inbound.TokenRequest) (inbound.TokenResponse, error) {
	name := r.Params["grant_type"]
	if name == "" {
		return inbound.TokenResponse{}, domain.Invalid(domain.CodeInvalidRequest, "grant_type is missing")
	}
	grant, known := p.grants[name]
	if !known {
		return inbound.TokenResponse{}, domain.Invalid(domain.CodeUnsupportedGrantType, "the grant type is not supported")
	}
	request, err := p.admit(ctx, grant, r)
	if err != nil {
		return inbound.TokenResponse{}, err
	}
	proof, err := grant.Prove(ctx, request)
	if err != nil {
		return inbound.TokenResponse{}, err
	}
	outcome, err := p.store(ctx, request, proof)
	if err != nil {
		return inbound.TokenResponse{}, err
	}
	return p.answer(ctx, request, proof, outcome)
}

// admit does all that is checked before anything is proved.
func (p *Pipeline) admit(ctx context.Context, grant Grant, r inbound.TokenRequest) (Request, error) {
	rules := grant.Rules()
	unproven := rules.Confidential && !r.Client.Proving()
	if unproven && r.Client.ID == "" {
		return Request{}, needsProof()
	}
	c, err := p.clients.Authenticate(ctx, r.Client)
	if err != nil {
		return Request{}, err
	}
	if !c.MayUse(grant.Name()) {
		return Request{}, domain.Invalid(domain.CodeUnauthorizedClient, "the client is not registered for this grant type")
	}
	if unproven {
		return Request{}, needsProof()
	}
	for _, parameter := range rules.Required {
		if r.Params[parameter] == "" {
			return Request{}, domain.Invalid(domain.CodeInvalidRequest, parameter+" is missing")
		}
	}
	asked, err := parseAsked(r.Params["scope"])
	if err != nil {
		return Request{}, err
	}
	if len(c.Ceiling(asked)) != len(asked) {
		return Request{}, invalidScope()
	}
	return Request{Client: c, Params: r.Params, Scope: asked}, nil
}

// outcome is what was stored, ready to be signed.
type outcome struct {
	subject   token.Principal
	sessionID domain.ID
	ends      time.Time // with the session; zero where there is none
	scope     scope.Set
	refresh   domain.Secret
}

func (p *Pipeline) store(ctx context.Context, r Request, proof Proof) (outcome, error) {
	if proof.Renew != nil {
		renewal, err := proof.Renew(ctx)
		if err != nil {
			return outcome{}, err
		}
		// What was lost since the login is gone; the chain itself keeps its scope.
		held := r.Client.Ceiling(renewal.Granted.Limit(renewal.Subject.Scopes))
		if len(r.Scope) > 0 {
			if !renewal.Granted.CoversAll(r.Scope) || !renewal.Subject.Scopes.CoversAll(r.Scope) {
				return outcome{}, invalidScope()
			}
			held = r.Scope
		}
		if err := checkSize(held, renewal.Subject.Roles); err != nil {
			return outcome{}, err
		}
		return outcome{subject: renewal.Subject, sessionID: renewal.SessionID, ends: renewal.SessionEnds, scope: held, refresh: renewal.RefreshToken}, nil
	}
	result := outcome{subject: *proof.Subject}
	held := result.subject.Scopes
	if result.subject.Kind == domain.PartyUser {
		held = r.Client.Ceiling(held)
	}
	if proof.Granted != nil {
		held = proof.Granted.Limit(held)
	}
	result.scope = held
	if len(r.Scope) > 0 {
		if !held.CoversAll(r.Scope) {
			return outcome{}, invalidScope()
		}
		result.scope = r.Scope
	}
	if err := checkSize(result.scope, result.subject.Roles); err != nil {
		return outcome{}, err
	}
	var err error
	switch {
	case result.subject.Kind == domain.PartyUser:
		err = p.openSession(ctx, r.Client, proof, &result)
	case proof.Spend != nil:
		err = p.uow.Do(ctx, proof.Spend)
	}
	return result, err
}

// refreshGrant is the grant a client needs to be given refresh tokens.
const refreshGrant = "refresh_token"

func (p *Pipeline) openSession(ctx context.Context, c *client.ServiceClient, proof Proof, result *outcome) error {
	userID, err := domain.ParseID(result.subject.ID)
	if err != nil {
		return domain.Internal(err)
	}
	refresh := token.NewOpaque(token.RefreshPrefix, p.random.Entropy())
	age := p.policy.Current().SessionMaxAge
	if proof.Alone {
		age = min(age, p.lifetime(c, proof))
	}
	begin := func() (session *token.Session, first *token.RefreshToken) {
		now := p.clock.Now()
		session = token.OpenSession(p.random.NewID(now), userID, c.ClientID(), domain.OriginFrom(ctx), now, age)
		result.sessionID, result.ends = session.ID(), session.Snapshot().ExpiresAt
		if !proof.Alone && c.MayUse(refreshGrant) {
			result.refresh = refresh
			first = session.Issue(p.random.NewID(now), token.DigestOf(refresh), result.scope, now, p.policy.Current().RefreshTTL)
		}
		return session, first
	}
	if login := proof.Login; login != nil && login.Account != nil {
		session, first := begin()
		err := p.opener.Open(ctx, outbound.Opening{User: login.Account, Rehashed: login.Rehashed, Session: session, Refresh: first})
		if !domain.HasCode(err, domain.CodeVersion) {
			return err
		}
		// The account was changed since its password was proven: Spend judges that.
	}
	return p.uow.Do(ctx, func(ctx context.Context, repos outbound.Repositories) error {
		if proof.Spend != nil {
			if err := proof.Spend(ctx, repos); err != nil {
				return err
			}
		}
		session, first := begin()
		if err := repos.Sessions.Add(ctx, session); err != nil {
			return err
		}
		if proof.Opened != nil {
			if err := repos.Events.Append(ctx, proof.Opened(session.ID())); err != nil {
				return err
			}
		}
		if first == nil {
			return nil
		}
		return repos.RefreshTokens.Add(ctx, first)
	})
}

// lifetime is how long the access token is good.
func (p *Pipeline) lifetime(c *client.ServiceClient, proof Proof) time.Duration {
	return p.until(proof.Terms.Until, c.AccessTokenLifetime(p.policy.Current().AccessTTL))
}

// until cuts a lifetime, of whole seconds as tokens have them, at a moment; the
// zero moment cuts nothing.
func (p *Pipeline) until(end time.Time, lifetime time.Duration) time.Duration {
	if end.IsZero() {
		return lifetime
	}
	return min(lifetime, end.Truncate(time.Second).Sub(p.clock.Now().Truncate(time.Second)))
}

func (p *Pipeline) answer(ctx context.Context, r Request, proof Proof, o outcome) (inbound.TokenResponse, error) {
	lifetime := p.until(o.ends, p.lifetime(r.Client, proof))
	if lifetime < time.Second { // what bounds it ended while the outcome was stored
		if !o.ends.IsZero() {
			return inbound.TokenResponse{}, refuse("the session has ended")
		}
		return inbound.TokenResponse{}, unacceptable("a token has expired")
	}
	access, err := p.issuer.Issue(ctx, tokens.Grant{
		Principal: o.subject, ClientID: r.Client.ClientID(), SessionID: o.sessionID, Scope: o.scope, Lifetime: lifetime, Terms: proof.Terms,
	})
	if err != nil {
		return inbound.TokenResponse{}, err
	}
	response := inbound.TokenResponse{AccessToken: access, ExpiresIn: lifetime, Scope: o.scope, RefreshToken: o.refresh, Members: proof.Members}
	if o.subject.Kind == domain.PartyUser {
		response.UserID = o.subject.ID
	}
	return response, nil
}

func needsProof() error {
	return domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "the grant needs client authentication")
}

func invalidScope() error {
	return domain.Invalid(domain.CodeInvalidScope, "the scope asked for goes beyond what is held")
}
