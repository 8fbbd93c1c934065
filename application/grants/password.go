package grants

import (
	"context"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
)

// PasswordVerifier proves a user by name or address and password, within the
// account's budget of failures. Wrong, unknown, locked, or not admitted:
// invalid_grant.
type PasswordVerifier interface {
	VerifyPassword(ctx context.Context, identifier string, password domain.Secret) (users.Login, error)
}

// Password is the resource owner password credentials grant (RFC 6749,
// section 4.3).
type Password struct {
	verifier   PasswordVerifier
	principals *tokens.Principals
}

// NewPassword makes the grant.
func NewPassword(verifier PasswordVerifier, principals *tokens.Principals) *Password {
	return &Password{verifier: verifier, principals: principals}
}

// Name is the registered grant type.
func (*Password) Name() string { return "password" }

// Rules demand both halves of the credentials.
func (*Password) Rules() Rules { return Rules{Required: []string{"username", "password"}} }

// Prove verifies the password.
func (p *Password) Prove(ctx context.Context, r Request) (Proof, error) {
	login, err := p.verifier.VerifyPassword(ctx, r.Params["username"], domain.NewSecret(r.Params["password"]))
	if err != nil {
		return Proof{}, err
	}
	subject, err := p.principals.User(ctx, login.UserID.String())
	if err != nil {
		return Proof{}, orGone(err)
	}
	return Proof{Subject: &subject, Login: &login, Spend: login.Record}, nil
}
