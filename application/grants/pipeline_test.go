package grants

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// bench is a pipeline with one grant, "flow", that proves subject; steps tells
// what ran, in order.
type bench struct {
	*Pipeline
	steps   []string
	store   *store
	clock   *clock
	codec   *codec
	client  *client.ServiceClient
	subject token.Principal
	proof   Proof // its Subject is set from subject
	rules   Rules
	refuse  map[string]error // by step: "client", "prove"
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{store: newStore(), clock: &clock{now: given.Now}, codec: &codec{}, refuse: map[string]error{}, rules: Rules{Required: []string{"thing"}}}
	b.client = given.Client(func(s *client.Snapshot) {
		s.GrantTypes, s.Scopes = []string{"flow", "refresh_token"}, scope.NewSet(scope.AdminUsers, scope.ReadProfile)
	})
	b.subject = token.Principal{Kind: domain.PartyUser, ID: given.ID().String(), Name: "ada", Active: true, Roles: []string{"user"},
		Scopes: scope.NewSet(scope.AdminUsers, scope.ReadProfile, scope.WriteProfile)}
	authenticate := authenticator(func(inbound.ClientCredentials) (*client.ServiceClient, error) {
		b.steps = append(b.steps, "client")
		return b.client, b.refuse["client"]
	})
	flow := grant{name: "flow", prove: func(Request) (Proof, error) {
		b.steps = append(b.steps, "prove")
		proof := b.proof
		if proof.Renew == nil {
			proof.Subject = &b.subject
		}
		return proof, b.refuse["prove"]
	}}
	var err error
	b.Pipeline, err = NewPipeline(policy(), b.clock, random{}, authenticate, b.store, b.store, issuer(t, policy(), b.clock, b.codec),
		[]Grant{ruled{flow, &b.rules}, grant{name: "other"}})
	must(t, err)
	return b
}

// ruled lets a case change the rules.
type ruled struct {
	grant
	rules *Rules
}

func (r ruled) Rules() Rules { return *r.rules }

var secretly = inbound.ClientCredentials{Method: inbound.AuthBasic, ID: "client", Secret: domain.NewSecret("secret")}

func (b *bench) ask(t *testing.T, more ...string) (inbound.TokenResponse, error) {
	t.Helper()
	params := map[string]string{"grant_type": "flow", "thing": "1"}
	for i := 0; i < len(more); i += 2 {
		params[more[i]] = more[i+1]
	}
	return b.Token(t.Context(), inbound.TokenRequest{Client: secretly, Params: params})
}

// A client that only names itself learns first whether the grant is its own.
func TestAPublicClientAndAConfidentialGrant(t *testing.T) {
	for grantType, code := range map[string]domain.Code{"other": domain.CodeUnauthorizedClient, "flow": domain.CodeInvalidClient} {
		b := newBench(t)
		b.rules.Confidential = true
		b.client = given.Client(func(s *client.Snapshot) { s.GrantTypes = []string{grantType} })
		_, err := b.Token(t.Context(), inbound.TokenRequest{Client: inbound.ClientCredentials{Method: inbound.AuthNone, ID: "app"},
			Params: map[string]string{"grant_type": "flow", "thing": "1"}})
		if !domain.HasCode(err, code) || !slices.Equal(b.steps, []string{"client"}) {
			t.Errorf("registered for %q: %v after %q", grantType, err, b.steps)
		}
	}
}

// Each refusal comes before the next step runs, and stores nothing. Every case
// breaks all the later rules too.
func TestPipelineOrderOfRefusals(t *testing.T) {
	type breach struct {
		name  string
		apply func(*bench, map[string]string, *inbound.ClientCredentials)
		code  domain.Code
		steps []string
	}
	breaches := []breach{ // last to first
		{"scope of the subject", func(b *bench, p map[string]string, _ *inbound.ClientCredentials) {
			p["scope"], b.subject.Scopes = "read:users", scope.NewSet(scope.ReadProfile)
		}, domain.CodeInvalidScope, []string{"client", "prove"}},
		{"proof", func(b *bench, _ map[string]string, _ *inbound.ClientCredentials) { b.refuse["prove"] = refuse("no") },
			domain.CodeInvalidGrant, []string{"client", "prove"}},
		{"scope of the client", func(_ *bench, p map[string]string, _ *inbound.ClientCredentials) { p["scope"] = "write:profile" },
			domain.CodeInvalidScope, []string{"client"}},
		{"scope's form", func(_ *bench, p map[string]string, _ *inbound.ClientCredentials) { p["scope"] = "profile" },
			domain.CodeInvalidScope, []string{"client"}},
		{"parameters", func(_ *bench, p map[string]string, _ *inbound.ClientCredentials) { delete(p, "thing") },
			domain.CodeInvalidRequest, []string{"client"}},
		{"registered grants", func(b *bench, _ map[string]string, _ *inbound.ClientCredentials) {
			b.client = given.Client(func(s *client.Snapshot) { s.GrantTypes = []string{"other"} })
		}, domain.CodeUnauthorizedClient, []string{"client"}},
		{"client", func(b *bench, _ map[string]string, _ *inbound.ClientCredentials) {
			b.refuse["client"] = domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "no")
		}, domain.CodeInvalidClient, []string{"client"}},
		{"confidential", func(b *bench, _ map[string]string, c *inbound.ClientCredentials) {
			b.rules.Confidential, *c = true, inbound.ClientCredentials{}
		}, domain.CodeInvalidClient, nil},
		{"unknown grant", func(_ *bench, p map[string]string, _ *inbound.ClientCredentials) { p["grant_type"] = "Flow" },
			domain.CodeUnsupportedGrantType, nil},
		{"no grant", func(_ *bench, p map[string]string, _ *inbound.ClientCredentials) { delete(p, "grant_type") },
			domain.CodeInvalidRequest, nil},
	}
	for i, last := range breaches {
		t.Run(last.name, func(t *testing.T) {
			b := newBench(t)
			params, who := map[string]string{"grant_type": "flow", "thing": "1"}, secretly
			for _, later := range breaches[:i+1] {
				later.apply(b, params, &who)
			}
			answer, err := b.Token(t.Context(), inbound.TokenRequest{Client: who, Params: params})
			wantCode(t, err, last.code)
			if diff := cmp.Diff(last.steps, b.steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if b.store.units != 0 || b.codec.signed.ID != "" || !answer.AccessToken.Empty() {
				t.Error("a refusal stored or signed something")
			}
		})
	}
}

func TestPipelineRegistration(t *testing.T) {
	b := newBench(t)
	if diff := cmp.Diff([]string{"flow", "other"}, b.GrantTypes()); diff != "" {
		t.Errorf("grant types (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"thing"}, b.Parameters("flow")); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if got := b.Parameters("made-up"); got != nil {
		t.Errorf("a grant that is not registered requires %v", got)
	}
	_, err := NewPipeline(policy(), b.clock, random{}, nil, nil, b.store, nil, []Grant{ClientCredentials{}, grant{name: "client_credentials"}})
	if err == nil {
		t.Error("two grants of one name were let in")
	}
}

func TestPipelineOpensASession(t *testing.T) {
	b := newBench(t)
	b.store.reruns = 2
	answer, err := b.Token(domain.WithOrigin(t.Context(), given.Origin), inbound.TokenRequest{Client: secretly, Params: map[string]string{"grant_type": "flow", "thing": "1"}})
	must(t, err)
	granted := scope.NewSet(scope.AdminUsers, scope.ReadProfile) // what the client and the user share
	want := inbound.TokenResponse{AccessToken: domain.NewSecret("signed"), ExpiresIn: 15 * time.Minute, Scope: granted, RefreshToken: answer.RefreshToken, UserID: b.subject.ID}
	if diff := cmp.Diff(want, answer, cmp.Comparer(domain.Secret.Equal)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if len(b.store.sessions) != 1 || len(b.store.refresh) != 1 {
		t.Fatalf("stored %d sessions and %d refresh tokens", len(b.store.sessions), len(b.store.refresh))
	}
	link, ok := b.store.refresh[token.DigestOf(answer.RefreshToken)]
	if !ok || !token.WellFormed(token.RefreshPrefix, answer.RefreshToken.Reveal()) {
		t.Fatal("the refresh token in the answer is not the one that is stored")
	}
	session := b.store.sessions[link.SessionID]
	if session.ClientID != b.client.ClientID() || session.Address != given.Origin.Address || !cmp.Equal(link.Scope, granted) {
		t.Errorf("session %+v, link %+v", session, link)
	}
	if c := b.codec.signed; c.SessionID != session.ID.String() || c.Subject != b.subject.ID || c.ClientID != b.client.ClientID() {
		t.Errorf("claims %+v", c)
	}
}

func TestPipelineScopes(t *testing.T) {
	for asked, want := range map[string]scope.Set{
		"":                          scope.NewSet(scope.AdminUsers, scope.ReadProfile),
		"read:profile":              scope.NewSet(scope.ReadProfile),
		"read:users":                scope.NewSet(scope.ReadUsers), // admin:users implies it
		"read:users  read:users":    scope.NewSet(scope.ReadUsers),
		"admin:users delete:users":  scope.NewSet(scope.AdminUsers, scope.DeleteUsers),
		"read:profile write:users ": scope.NewSet(scope.ReadProfile, scope.WriteUsers),
	} {
		b := newBench(t)
		answer, err := b.ask(t, "scope", asked)
		must(t, err)
		if diff := cmp.Diff(want, answer.Scope); diff != "" {
			t.Errorf("%q (-want +got):\n%s", asked, diff)
		}
		if !cmp.Equal(b.codec.signed.Scope, want) {
			t.Errorf("%q: signed %v", asked, b.codec.signed.Scope)
		}
	}
}

func TestPipelineWithoutTheRefreshGrant(t *testing.T) {
	b := newBench(t)
	b.client = given.Client(func(s *client.Snapshot) {
		s.GrantTypes, s.Scopes, s.AccessTokenLifetime = []string{"flow"}, scope.NewSet(scope.ReadProfile), time.Hour
	})
	answer, err := b.ask(t)
	must(t, err)
	if !answer.RefreshToken.Empty() || len(b.store.refresh) != 0 || len(b.store.sessions) != 1 || b.codec.signed.SessionID == "" {
		t.Errorf("answer %+v, %d refresh tokens, %d sessions", answer, len(b.store.refresh), len(b.store.sessions))
	}
	if answer.ExpiresIn != time.Hour || b.codec.signed.ExpiresAt.Sub(b.codec.signed.IssuedAt) != time.Hour {
		t.Errorf("lifetime %s, want the client's own", answer.ExpiresIn)
	}
}

func TestPipelineSpend(t *testing.T) {
	spent := 0
	spend := func(context.Context, outbound.Repositories) error { spent++; return nil }
	t.Run("joins the session's unit of work", func(t *testing.T) {
		b := newBench(t)
		b.proof.Spend = func(ctx context.Context, r outbound.Repositories) error {
			must(t, r.Events.Append(ctx, domain.Event{Type: domain.EventLoginSucceeded}))
			return refuse("closed meanwhile")
		}
		_, err := b.ask(t)
		wantCode(t, err, domain.CodeInvalidGrant)
		if len(b.store.sessions) != 0 || len(b.store.events) != 0 || b.codec.signed.ID != "" {
			t.Error("something was left of a refused login")
		}
	})
	t.Run("of a client runs once and opens none", func(t *testing.T) {
		b := newBench(t)
		b.subject.Kind, b.proof.Spend, spent = domain.PartyClient, spend, 0
		answer, err := b.ask(t)
		must(t, err)
		if spent != 1 || len(b.store.sessions) != 0 || answer.UserID != "" {
			t.Errorf("spent %d times, answer %+v", spent, answer)
		}
	})
	t.Run("an unavailable store", func(t *testing.T) {
		b := newBench(t)
		b.store.fail = unavailable()
		_, err := b.ask(t)
		wantCode(t, err, domain.CodeUnavailable)
	})
}

func TestClientCredentials(t *testing.T) {
	b := newBench(t)
	b.client = given.Client(func(s *client.Snapshot) { s.Scopes = scope.NewSet(scope.AdminUsers) })
	pipeline, err := NewPipeline(policy(), b.clock, random{}, b.clients, b.store, b.store, b.issuer, []Grant{ClientCredentials{}})
	must(t, err)
	answer, err := pipeline.Token(t.Context(), inbound.TokenRequest{Client: secretly, Params: map[string]string{"grant_type": "client_credentials", "scope": "read:users"}})
	must(t, err)
	if c := b.codec.signed; c.Subject != b.client.ClientID() || c.SessionID != "" || !slices.Equal(c.Scope, scope.NewSet(scope.ReadUsers)) {
		t.Errorf("claims %+v", c)
	}
	if b.store.units != 0 || !answer.RefreshToken.Empty() || answer.UserID != "" {
		t.Errorf("stored in %d units of work, answer %+v", b.store.units, answer)
	}
	_, err = pipeline.Token(t.Context(), inbound.TokenRequest{Params: map[string]string{"grant_type": "client_credentials"}})
	wantCode(t, err, domain.CodeInvalidClient)
}
