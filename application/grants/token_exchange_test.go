package grants

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/test/given"
)

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"

// bearers are the tokens that are good.
type bearers map[string]inbound.Caller

func (b bearers) Authenticate(_ context.Context, raw string) (inbound.Caller, error) {
	if raw == "away" {
		return inbound.Caller{}, unavailable()
	}
	if caller, ok := b[raw]; ok {
		return caller, nil
	}
	return inbound.Caller{}, token.InvalidToken("the token has expired")
}

// exchange is a pipeline that exchanges, for the client `gateway`.
type exchange struct {
	*Pipeline
	store   *store
	codec   *codec
	clock   *clock
	gateway *client.ServiceClient
	good    bearers
	denied  denials
}

func userToken(through string, scopes ...scope.Name) inbound.Caller {
	p := token.Principal{Kind: domain.PartyUser, ID: given.ID().String(), Name: "ada", Active: true, Scopes: scope.NewSet(scopes...)}
	return inbound.Caller{Principal: p, Scopes: p.Scopes, Claims: token.AccessClaims{
		Issuer: policy().Issuer, Subject: p.ID, ID: given.ID().String(), ClientID: through, SessionID: given.ID().String(),
		Audience: []string{policy().Issuer, "https://a.example", "https://b.example"}, ExpiresAt: given.Now.Add(10 * time.Minute), Scope: p.Scopes,
	}}
}

func clientToken(id string, scopes ...scope.Name) inbound.Caller {
	caller := userToken(id, scopes...)
	caller.Claims.SessionID, caller.Claims.Subject = "", id
	caller.Principal.Kind, caller.Principal.ID = domain.PartyClient, id
	return caller
}

func newExchange(t *testing.T, scopes ...scope.Name) *exchange {
	t.Helper()
	e := &exchange{store: newStore(), codec: &codec{}, clock: &clock{now: given.Now}, good: bearers{}}
	e.gateway = given.Client(func(s *client.Snapshot) {
		s.ClientID, s.GrantTypes, s.Scopes = "gateway", []string{exchangeGrant, refreshGrant}, scope.NewSet(scopes...)
	})
	own := authenticator(func(inbound.ClientCredentials) (*client.ServiceClient, error) { return e.gateway, nil })
	var err error
	e.Pipeline, err = NewPipeline(policy(), e.clock, random{}, own, nil, e.store, issuer(t, policy(), e.clock, e.codec), []Grant{NewTokenExchange(e.clock, e.good, e.store, &e.denied)})
	must(t, err)
	return e
}

func (e *exchange) ask(t testing.TB, more ...string) (inbound.TokenResponse, error) {
	t.Helper()
	params := map[string]string{"grant_type": exchangeGrant, "subject_token": "subject", "subject_token_type": accessTokenType}
	for i := 0; i < len(more); i += 2 {
		params[more[i]] = more[i+1]
	}
	return e.Token(t.Context(), inbound.TokenRequest{Client: secretly, Params: params})
}

func TestExchangeSaysWhoActs(t *testing.T) {
	gateway := token.Actor{Subject: "gateway", ClientID: "gateway"}
	before := token.Actor{Subject: "app", ClientID: "app"}
	for name, tc := range map[string]struct {
		subject, actor func(*inbound.Caller)
		through        string
		holds          []scope.Name
		acts           []token.Actor
		reason         string
	}{
		"its own token":                  {through: "gateway", reason: "narrowed"},
		"its own token, with an actor":   {through: "gateway", actor: func(*inbound.Caller) {}, acts: []token.Actor{gateway}, reason: "delegated"},
		"its own, that somebody acts in": {through: "gateway", subject: func(c *inbound.Caller) { c.Claims.Actors = []token.Actor{before} }, acts: []token.Actor{before}, reason: "narrowed"},
		"one that names it":              {through: "app", subject: func(c *inbound.Caller) { c.Claims.Audience = append(c.Claims.Audience, "gateway") }, acts: []token.Actor{gateway}, reason: "delegated"},
		"one that names it, acted before": {through: "app", subject: func(c *inbound.Caller) {
			c.Claims.Audience, c.Claims.Actors = append(c.Claims.Audience, "gateway"), []token.Actor{before}
		}, acts: []token.Actor{gateway, before}, reason: "delegated"},
		"any, with the permission": {through: "app", holds: []scope.Name{"impersonate:users"}, reason: "impersonated"},
		"any, as administrator":    {through: "app", holds: []scope.Name{scope.AdminUsers}, reason: "impersonated"},
		"any, with both":           {through: "app", holds: []scope.Name{"impersonate:users"}, actor: func(*inbound.Caller) {}, acts: []token.Actor{gateway}, reason: "delegated"},
		"a user as actor": {through: "gateway", actor: func(c *inbound.Caller) { c.Claims.Subject, c.Claims.SessionID = "boss", "s" },
			acts: []token.Actor{{Subject: "boss", ClientID: "gateway"}}, reason: "delegated"},
		"the one who may": {through: "gateway", subject: func(c *inbound.Caller) { c.Claims.MayAct = "gateway" }, reason: "narrowed"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExchange(t, append(tc.holds, scope.ReadProfile)...)
			subject, actor := userToken(tc.through, scope.ReadProfile, scope.WriteProfile), clientToken("gateway")
			if tc.subject != nil {
				tc.subject(&subject)
			}
			var more []string
			if tc.actor != nil {
				tc.actor(&actor)
				more = []string{"actor_token", "actor", "actor_token_type", jwtTokenType}
			}
			e.good["subject"], e.good["actor"] = subject, actor
			answer, err := e.ask(t, more...)
			must(t, err)
			got := e.codec.signed
			if diff := cmp.Diff(tc.acts, got.Actors); diff != "" {
				t.Errorf("who acts (-want +got):\n%s", diff)
			}
			if got.Subject != subject.Claims.Subject || got.SessionID != subject.Claims.SessionID || got.ClientID != "gateway" || got.Sources[0].ID != subject.Claims.ID || got.MayAct != subject.Claims.MayAct {
				t.Errorf("%+v", got)
			}
			if !answer.RefreshToken.Empty() || answer.Members["issued_token_type"] != accessTokenType || !cmp.Equal(answer.Scope, scope.NewSet(scope.ReadProfile)) {
				t.Errorf("%+v", answer)
			}
			if len(e.store.events) != 1 || e.store.events[0].Type != eventTokenExchanged || e.store.events[0].Reason != tc.reason+": "+subject.Claims.ID+" "+subject.Claims.SessionID || e.store.events[0].Subject.ID != subject.Principal.ID || e.store.events[0].Actor.ID != "gateway" {
				t.Errorf("events %+v", e.store.events)
			}
			if len(e.store.sessions) != 0 {
				t.Error("a session was opened")
			}
		})
	}
}

func TestExchangeRefusals(t *testing.T) {
	named := func(c *inbound.Caller) { c.Claims.Audience = append(c.Claims.Audience, "gateway") }
	many := func(n int) []token.Actor { return slices.Repeat([]token.Actor{{Subject: "a", ClientID: "a"}}, n) }
	for name, tc := range map[string]struct {
		subject, actor func(*inbound.Caller)
		more           []string
		code           domain.Code
	}{
		"another's token":                     {func(c *inbound.Caller) { c.Claims.ClientID = "app" }, nil, nil, domain.CodeInvalidRequest},
		"another's, with an actor":            {func(c *inbound.Caller) { c.Claims.ClientID = "app" }, func(*inbound.Caller) {}, nil, domain.CodeInvalidRequest},
		"no good token":                       {nil, nil, []string{"subject_token", "expired or revoked or another issuer's"}, domain.CodeInvalidRequest},
		"a store that is away":                {nil, nil, []string{"subject_token", "away"}, domain.CodeUnavailable},
		"a refresh token":                     {nil, nil, []string{"subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, domain.CodeInvalidRequest},
		"a refresh token wanted":              {nil, nil, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, domain.CodeInvalidRequest},
		"more scope than the token":           {nil, nil, []string{"scope", "read:users"}, domain.CodeInvalidScope},
		"more scope than the client":          {nil, nil, []string{"scope", "write:profile"}, domain.CodeInvalidScope},
		"another audience":                    {nil, nil, []string{"audience", "https://c.example"}, domain.CodeInvalidTarget},
		"another resource":                    {nil, nil, []string{"audience", "https://a.example", "resource", "https://a.example/"}, domain.CodeInvalidTarget},
		"another's actor token":               {named, func(c *inbound.Caller) { c.Claims.ClientID = "app" }, nil, domain.CodeInvalidRequest},
		"an actor token that is acted in":     {named, func(c *inbound.Caller) { c.Claims.Actors = many(1) }, nil, domain.CodeInvalidRequest},
		"no good actor token":                 {named, nil, []string{"actor_token", "x", "actor_token_type", jwtTokenType}, domain.CodeInvalidRequest},
		"an actor token of no type":           {named, nil, []string{"actor_token", "x"}, domain.CodeInvalidRequest},
		"a type of no actor token":            {nil, nil, []string{"actor_token_type", jwtTokenType}, domain.CodeInvalidRequest},
		"not the one who may act":             {func(c *inbound.Caller) { c.Claims.MayAct = "app" }, nil, nil, domain.CodeInvalidRequest},
		"not the one who may act, but an aud": {func(c *inbound.Caller) { named(c); c.Claims.ClientID, c.Claims.MayAct = "app", "app" }, nil, nil, domain.CodeInvalidRequest},
		"a fifth in a row":                    {func(c *inbound.Caller) { named(c); c.Claims.ClientID, c.Claims.Actors = "app", many(4) }, nil, nil, domain.CodeInvalidRequest},
		"a ninth source":                      {func(c *inbound.Caller) { c.Claims.Sources = make([]token.Source, 8) }, nil, nil, domain.CodeInvalidRequest},
		"in its last moment":                  {func(c *inbound.Caller) { c.Claims.ExpiresAt = given.Now.Truncate(time.Second) }, nil, nil, domain.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExchange(t, scope.ReadProfile, scope.ReadUsers)
			subject, actor := userToken("gateway", scope.ReadProfile, scope.WriteProfile), clientToken("gateway")
			if tc.subject != nil {
				tc.subject(&subject)
			}
			more := tc.more
			if tc.actor != nil {
				tc.actor(&actor)
				more = []string{"actor_token", "actor", "actor_token_type", jwtTokenType}
			}
			e.good["subject"], e.good["actor"] = subject, actor
			_, err := e.ask(t, more...)
			wantCode(t, err, tc.code)
			if len(e.store.events) != 0 || e.codec.signed.ID != "" {
				t.Error("something was stored or signed")
			}
		})
	}
}

// Whatever is exchanged, the result is for no more than what it was made from:
// in scope, in audience, in time.
func TestExchangeNeverWidens(t *testing.T) {
	names := []scope.Name{scope.ReadProfile, scope.WriteProfile, scope.ReadUsers, scope.AdminUsers, scope.ReadAudit, "impersonate:users"}
	audiences := []string{"https://a.example", "https://b.example", "https://c.example"}
	rapid.Check(t, func(r *rapid.T) {
		some := func(label string) []scope.Name {
			return rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[scope.Name]).Draw(r, label)
		}
		e := newExchange(t, some("client")...)
		subject := userToken(rapid.SampledFrom([]string{"gateway", "app"}).Draw(r, "through"), some("user")...)
		subject.Claims.ExpiresAt = given.Now.Truncate(time.Second).Add(time.Duration(rapid.IntRange(-5, 3600).Draw(r, "life")) * time.Second)
		e.good["subject"] = subject
		var more []string
		if asked := scope.NewSet(some("asked")...); len(asked) > 0 {
			more = append(more, "scope", asked.String())
		}
		if rapid.Bool().Draw(r, "for one") {
			more = append(more, "audience", rapid.SampledFrom(audiences).Draw(r, "audience"))
		}
		answer, err := e.ask(t, more...)
		if err != nil {
			return
		}
		got := e.codec.signed
		if !subject.Scopes.CoversAll(got.Scope) || !e.gateway.Scopes().CoversAll(got.Scope) {
			r.Errorf("scope %v of %v through %v", got.Scope, subject.Scopes, e.gateway.Scopes())
		}
		for _, one := range got.Audience {
			if !slices.Contains(subject.Claims.Audience, one) {
				r.Errorf("audience %v", got.Audience)
			}
		}
		if got.ExpiresAt.After(subject.Claims.ExpiresAt) || answer.ExpiresIn <= 0 {
			r.Errorf("good until %s for %s, its source until %s", got.ExpiresAt, answer.ExpiresIn, subject.Claims.ExpiresAt)
		}
		if subject.Claims.ClientID == "app" && !e.gateway.Scopes().Covers("impersonate:users") {
			r.Error("another client's token was exchanged")
		}
	})
}

func TestExchangeNarrowsTheAudience(t *testing.T) {
	e := newExchange(t)
	e.good["subject"] = userToken("gateway")
	_, err := e.ask(t, "audience", "https://a.example", "requested_token_type", jwtTokenType)
	must(t, err)
	if want := []string{policy().Issuer, "https://a.example"}; !cmp.Equal(want, e.codec.signed.Audience) {
		t.Errorf("audience %v", e.codec.signed.Audience)
	}
}

var _ inbound.Authenticator = (*tokens.Validator)(nil)
