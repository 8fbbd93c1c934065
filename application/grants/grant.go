package grants

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Grant is one way to get tokens (RFC 6749, section 1.3).
type Grant interface {
	// Name is the value of grant_type.
	Name() string
	// Rules are what the pipeline checks before Prove.
	Rules() Rules
	// Prove checks what the request rests on. It may read and do slow work but
	// stores nothing that issues or spends. Fails with invalid_grant, or with
	// what its ports fail with.
	Prove(ctx context.Context, r Request) (Proof, error)
}

// Rules are a grant's demands, as data.
type Rules struct {
	// Confidential demands a client that proved itself.
	Confidential bool
	// Required names the parameters that must be there.
	Required []string
}

// Request is what the pipeline has checked so far. Scope is what was asked
// for, empty for all that is held.
type Request struct {
	Client *client.ServiceClient
	Params map[string]string
	Scope  scope.Set
}

// Proof is what a grant proved, and how its outcome is to be stored. Set
// either Subject or Renew.
type Proof struct {
	// Subject is who the tokens are for. A user gets a session, and a refresh
	// token where the client has that grant; a client gets neither.
	Subject *token.Principal
	// Login, if set, is a password that was proven just now: the session is
	// opened at once where its account is still as it was read, and with Spend
	// where it is not.
	Login *users.Login
	// Granted limits what a Subject is given, to what was agreed on; nil: all
	// that is held.
	Granted scope.Set
	// Alone gives a user no refresh token: the session ends with the token.
	Alone bool
	// Terms are what the token says beside whom it is for.
	Terms tokens.Terms
	// Members are added to the answer (RFC 6749, section 5.1), by names of their
	// own.
	Members map[string]string
	// Spend, if set, joins the unit of work that opens the session.
	Spend func(ctx context.Context, r outbound.Repositories) error
	// Opened, if set, gives the event of the session that was opened, for the
	// same unit of work.
	Opened func(session domain.ID) domain.Event
	// Renew continues a session instead of opening one: it stores the outcome
	// by itself and tells whose it is.
	Renew func(ctx context.Context) (Renewal, error)
}

// Renewal is a session that goes on.
type Renewal struct {
	Subject      token.Principal
	SessionID    domain.ID
	SessionEnds  time.Time     // zero where Terms bound the token
	Granted      scope.Set     // of the session; the subject may hold less by now
	RefreshToken domain.Secret // empty: none follows
}

// refuse is invalid_grant without telling why.
func refuse(message string) error { return domain.Invalid(domain.CodeInvalidGrant, message) }

// orGone turns the absence of a subject who was there a moment ago into
// invalid_grant: the token endpoint knows no not_found (RFC 6749, section 5.2).
func orGone(err error) error {
	if err != nil && domain.AsError(err).Kind == domain.KindNotFound {
		return refuse("the grant is not valid")
	}
	return err
}
