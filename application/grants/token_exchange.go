package grants

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// The types of token (RFC 8693, section 3): access tokens of ours are both.
const (
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	jwtTokenType    = "urn:ietf:params:oauth:token-type:jwt"
)

// Bounds of what is made from what: a chain that never ends tells nobody who acts.
const (
	maxActors  = 4
	maxSources = 8
)

// eventTokenExchanged tells a client's exchange; its reason is narrowed,
// delegated or impersonated and, behind a colon, the jti of the subject token and
// its sid.
const eventTokenExchanged domain.EventType = "token.exchanged"

// TokenExchange makes a token from one of ours, for less and never for more
// (RFC 8693). A client may exchange what was issued to it, what names it as an
// audience, and what is of whom it may impersonate. Unless
// it is its own token, or the client holds that, the new one says who acts.
type TokenExchange struct {
	clock     outbound.Clock
	validator inbound.Authenticator
	uow       outbound.UnitOfWork
	denials   inbound.Denials
}

// NewTokenExchange makes the grant.
func NewTokenExchange(clock outbound.Clock, validator inbound.Authenticator, uow outbound.UnitOfWork, denials inbound.Denials) *TokenExchange {
	return &TokenExchange{clock: clock, validator: validator, uow: uow, denials: denials}
}

// Name is the registered grant type.
func (*TokenExchange) Name() string { return "urn:ietf:params:oauth:grant-type:token-exchange" }

// Rules demand a client that proves itself, and a token.
func (*TokenExchange) Rules() Rules {
	return Rules{Confidential: true, Required: []string{"subject_token", "subject_token_type"}}
}

// Prove holds both tokens to being good now, and the client to what it may do
// with them.
func (g *TokenExchange) Prove(ctx context.Context, r Request) (Proof, error) {
	issued := r.Params["requested_token_type"]
	if issued == "" {
		issued = accessTokenType
	}
	if issued != accessTokenType && issued != jwtTokenType {
		return Proof{}, unacceptable("requested_token_type is not one that is issued")
	}
	subject, err := g.presented(ctx, r.Params, "subject_token")
	if err != nil {
		return Proof{}, err
	}
	own, impersonates := subject.Claims.ClientID == r.Client.ClientID(), tokens.MayImpersonate(r.Client, subject.Principal) == nil
	if !own && !impersonates && !slices.Contains(subject.Claims.Audience, r.Client.ClientID()) {
		if err := deny(ctx, g.denials, r.Client, subject.Principal.Party(), "exchange"); err != nil {
			return Proof{}, err
		}
		return Proof{}, unusable("subject_token")
	}
	impersonators := subject.Claims.Impersonators
	if !own && impersonates && !slices.Contains(impersonators, r.Client.ClientID()) {
		impersonators = append(slices.Clip(impersonators), r.Client.ClientID())
	}
	actor := token.Actor{Subject: r.Client.ClientID(), ClientID: r.Client.ClientID()}
	sources, until, says, reason := subject.Claims.From(), subject.Claims.ExpiresAt, !own && !impersonates, "narrowed"
	switch {
	case r.Params["actor_token"] != "":
		by, err := g.presented(ctx, r.Params, "actor_token")
		if err != nil {
			return Proof{}, err
		}
		if by.Claims.ClientID != r.Client.ClientID() || len(by.Claims.Actors)+len(by.Claims.Impersonators) > 0 {
			return Proof{}, unusable("actor_token")
		}
		actor.Subject, says = by.Claims.Subject, true
		sources = append(sources, by.Claims.From()...)
		if by.Claims.ExpiresAt.Before(until) {
			until = by.Claims.ExpiresAt
		}
	case r.Params["actor_token_type"] != "":
		return Proof{}, unacceptable("actor_token_type is for an actor_token")
	}
	if only := subject.Claims.MayAct; only != "" && only != actor.Subject {
		return Proof{}, unacceptable("the subject token names another who may act")
	}
	actors := subject.Claims.Actors
	if says {
		actors, reason = append([]token.Actor{actor}, actors...), "delegated"
	} else if !own {
		reason = "impersonated"
	}
	if len(actors) > maxActors || len(sources) > maxSources {
		return Proof{}, unacceptable("the token was exchanged too often already")
	}
	if until.Sub(g.clock.Now().Truncate(time.Second)) < time.Second {
		return Proof{}, unacceptable("a token has expired")
	}
	if len(r.Scope) > 0 && !subject.Scopes.CoversAll(r.Scope) {
		return Proof{}, invalidScope()
	}
	held := r.Client.Ceiling(subject.Scopes)
	if len(r.Scope) > 0 {
		held = r.Scope
	}
	if err := checkSize(held, subject.Principal.Roles); err != nil {
		return Proof{}, err
	}
	audience, err := narrowed(subject.Claims.Audience, r.Params["audience"], r.Params["resource"])
	if err != nil {
		return Proof{}, err
	}
	return Proof{
		Terms:   tokens.Terms{Audience: audience, Actors: actors, MayAct: subject.Claims.MayAct, Sources: sources, Until: until, Impersonators: impersonators},
		Members: map[string]string{"issued_token_type": issued},
		Renew:   func(ctx context.Context) (Renewal, error) { return g.record(ctx, r.Client, subject, reason) },
	}, nil
}

// presented verifies a token of ours. What is wrong with one is the request's
// fault (section 2.2.2).
func (g *TokenExchange) presented(ctx context.Context, params map[string]string, name string) (inbound.Caller, error) {
	if kind := params[name+"_type"]; kind != accessTokenType && kind != jwtTokenType {
		return inbound.Caller{}, unacceptable(name + "_type must be that of an access token or a JWT")
	}
	caller, err := g.validator.Authenticate(ctx, params[name])
	if domain.HasCode(err, domain.CodeInvalidToken) {
		return inbound.Caller{}, unusable(name)
	}
	return caller, err
}

// record stores that the token was exchanged; its session goes on as it is.
func (g *TokenExchange) record(ctx context.Context, by *client.ServiceClient, subject inbound.Caller, reason string) (Renewal, error) {
	session := domain.NoID
	if subject.Claims.IsUser() {
		var err error
		if session, err = domain.ParseID(subject.Claims.SessionID); err != nil {
			return Renewal{}, domain.Internal(err)
		}
	}
	reason += ": " + strings.TrimSpace(subject.Claims.ID+" "+subject.Claims.SessionID)
	exchanged := domain.Event{
		Type: eventTokenExchanged, Outcome: domain.Succeeded, Reason: reason,
		Actor: by.Party(), Subject: subject.Principal.Party(), OccurredAt: g.clock.Now(),
	}
	err := g.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error { return r.Events.Append(ctx, exchanged) })
	return Renewal{Subject: subject.Principal, SessionID: session, Granted: subject.Scopes}, err
}

// narrowed gives the audience asked for, within what the subject token has.
func narrowed(held []string, asked ...string) ([]string, error) {
	asked = slices.DeleteFunc(asked, func(one string) bool { return one == "" })
	for _, one := range asked {
		if !slices.Contains(held, one) {
			return nil, domain.Invalid(domain.CodeInvalidTarget, "the subject token is not for that audience")
		}
	}
	if len(asked) == 0 {
		return held, nil
	}
	return asked, nil
}

// unusable refuses a token alike where it is not good and where it is not the
// client's to use: nobody learns whether what they found still works.
func unusable(name string) error {
	return unacceptable(name + " is not valid, or not for the client to use")
}

// unacceptable is invalid_request, which says of tokens too that they are not
// taken (section 2.2.2).
func unacceptable(message string) error { return domain.Invalid(domain.CodeInvalidRequest, message) }
