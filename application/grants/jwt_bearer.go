package grants

import (
	"context"

	"github.com/keystone-auth/keystone/application/clients"
	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// eventTokenAsserted tells that a client got a token for a user on its own word;
// its reason names the session, which has no other token.
const eventTokenAsserted domain.EventType = "token.asserted"

// JWTBearer takes a client's signed word for whom it acts for (RFC 7523, section
// 2.1). Its word for itself is as good as its keys; for a user it counts only
// where the client holds impersonate:users and all that the user holds, and the
// token says that it acts.
type JWTBearer struct {
	clock      outbound.Clock
	assertions *clients.Assertions
	principals *tokens.Principals
	policy     users.Policies
	denials    inbound.Denials
}

// NewJWTBearer makes the grant.
func NewJWTBearer(clock outbound.Clock, assertions *clients.Assertions, principals *tokens.Principals, policy users.Policies, denials inbound.Denials) *JWTBearer {
	return &JWTBearer{clock: clock, assertions: assertions, principals: principals, policy: policy, denials: denials}
}

// Name is the registered grant type.
func (*JWTBearer) Name() string { return "urn:ietf:params:oauth:grant-type:jwt-bearer" }

// Rules demand a client that proves itself: an assertion alone would make whoever
// intercepts it the client.
func (*JWTBearer) Rules() Rules { return Rules{Confidential: true, Required: []string{"assertion"}} }

// Prove verifies the assertion with the client's registered keys. It is used up
// as the session is opened, so that of many requests with one, one is answered.
func (g *JWTBearer) Prove(ctx context.Context, r Request) (Proof, error) {
	assertion, good := g.assertions.Verify(r.Client, domain.NewSecret(r.Params["assertion"]), "")
	if !good {
		return Proof{}, refuse("the assertion is not valid")
	}
	if assertion.Subject == r.Client.ClientID() {
		subject := tokens.OfClient(r.Client)
		return Proof{Subject: &subject, Spend: func(ctx context.Context, repos outbound.Repositories) error {
			return g.spend(ctx, repos, assertion)
		}}, nil
	}
	subject, err := g.principals.User(ctx, assertion.Subject)
	if err != nil {
		return Proof{}, orGone(err)
	}
	if tokens.MayImpersonate(r.Client, subject) != nil {
		if err := deny(ctx, g.denials, r.Client, subject.Party(), "assert"); err != nil {
			return Proof{}, err
		}
		return Proof{}, refuse("the grant is not valid")
	}
	return Proof{
		Subject: &subject, Alone: true,
		Terms: tokens.Terms{Actors: []token.Actor{{Subject: r.Client.ClientID(), ClientID: r.Client.ClientID()}}, Impersonators: []string{r.Client.ClientID()}},
		Spend: func(ctx context.Context, repos outbound.Repositories) error {
			if err := g.spend(ctx, repos, assertion); err != nil {
				return err
			}
			return g.admit(ctx, repos, subject)
		},
		Opened: func(session domain.ID) domain.Event {
			return domain.Event{
				Type: eventTokenAsserted, Outcome: domain.Succeeded, Reason: "session: " + session.String(),
				Actor: r.Client.Party(), Subject: subject.Party(), OccurredAt: g.clock.Now(),
			}
		},
	}, nil
}

func (g *JWTBearer) spend(ctx context.Context, repos outbound.Repositories, assertion token.Assertion) error {
	err := g.assertions.SpendIn(ctx, repos, assertion)
	if domain.HasCode(err, domain.CodeConflict) {
		return refuse("the assertion was used already")
	}
	return err
}

// admit holds the user to what a login is held to, but for the password, which
// is not what was proved.
func (g *JWTBearer) admit(ctx context.Context, repos outbound.Repositories, subject token.Principal) error {
	id, err := domain.ParseID(subject.ID)
	if err != nil {
		return domain.Internal(err)
	}
	found, err := repos.Users.Get(ctx, id)
	if err != nil {
		return orGone(err)
	}
	rules := user.AdmissionRules{RequireVerifiedEmail: g.policy.Current().Admission.RequireVerifiedEmail}
	return found.Admit(rules, g.clock.Now())
}

// deny keeps in the audit trail that a client that proved itself wanted to act
// for whom it may not.
func deny(ctx context.Context, denials inbound.Denials, c *client.ServiceClient, subject domain.Party, tried string) error {
	return denials.Denied(ctx, inbound.Denial{Caller: inbound.Caller{Principal: tokens.OfClient(c)}, Tried: tried, Subject: subject, Code: domain.CodeForbidden})
}
