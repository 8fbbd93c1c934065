package limits

import (
	"context"

	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// PasswordVerifier proves a user by name or address and password. Wrong,
// unknown, locked, or not admitted: invalid_grant.
type PasswordVerifier interface {
	VerifyPassword(ctx context.Context, identifier string, password domain.Secret) (users.Login, error)
}

// Logins limits the failed logins of an address (login_ip) and the logins under
// one name, whoever tries (login_user). Who is stopped at the first takes nothing
// of the second: an address that was shut out must not shut a name out.
func (g *Guard) Logins(inner PasswordVerifier) PasswordVerifier { return logins{inner, g} }

type logins struct {
	inner PasswordVerifier
	guard *Guard
}

func (l logins) VerifyPassword(ctx context.Context, identifier string, password domain.Secret) (login users.Login, err error) {
	settle, err := l.guard.reserveInTurn(ctx, domain.LimitLoginIP, site(ctx))
	if err != nil {
		return users.Login{}, err
	}
	// What was not evaluated is no failure either.
	defer func() { settle(domain.HasCode(err, domain.CodeInvalidGrant)) }()
	folded, _ := user.FoldLogin(identifier)
	if err := l.guard.CountHidden(ctx, domain.LimitLoginUser, folded); err != nil {
		return users.Login{}, err
	}
	return l.inner.VerifyPassword(ctx, identifier, password)
}

// Accounts limits the registrations of an address (register_ip). A form with
// mistakes in it is not one: nothing was hashed for it and nothing was told.
func (g *Guard) Accounts(inner inbound.Accounts) inbound.Accounts { return accounts{inner, g} }

type accounts struct {
	inbound.Accounts
	guard *Guard
}

func (a accounts) Register(ctx context.Context, r inbound.Registration) error {
	unused, err := a.guard.reserve(ctx, domain.LimitRegisterIP, site(ctx))
	if err != nil {
		return err
	}
	err = a.Accounts.Register(ctx, r)
	if domain.HasCode(err, domain.CodeInvalidInput) || domain.HasCode(err, domain.CodeClosed) || domain.HasCode(err, domain.CodeBusy) {
		unused()
	}
	return err
}
