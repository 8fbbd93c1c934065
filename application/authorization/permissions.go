package authorization

import (
	"context"
	"fmt"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// maxChecks bounds one request.
const maxChecks = 100

// Source tells who a user is now. Not found: KindNotFound.
type Source interface {
	User(ctx context.Context, id string) (token.Principal, error)
}

// Permissions answers permission checks.
type Permissions struct{ principals Source }

var _ inbound.Permissions = (*Permissions)(nil)

// NewPermissions reads principals from the source.
func NewPermissions(principals Source) *Permissions { return &Permissions{principals: principals} }

// Allowed answers for the caller's token or, with read:users, for another user.
func (p *Permissions) Allowed(ctx context.Context, caller inbound.Caller, userID *domain.ID, checks []inbound.Check) ([]bool, error) {
	if len(checks) == 0 || len(checks) > maxChecks {
		return nil, domain.InvalidFields(domain.Field{Name: "checks", Code: "count", Message: fmt.Sprintf("must hold 1 to %d checks", maxChecks)})
	}
	for _, check := range checks {
		if check.Resource == "" || check.Action == "" {
			return nil, domain.InvalidFields(domain.Field{Name: "checks", Code: "required", Message: "each check names a resource and an action"})
		}
	}
	holds, err := p.holder(ctx, caller, userID)
	if err != nil {
		return nil, err
	}
	answers := make([]bool, len(checks))
	for i, check := range checks {
		// What is no scope name can't be held, not even by a superuser: "*" is no magic.
		name, err := scope.ParseName(string(scope.Of(check.Action, check.Resource)))
		answers[i] = err == nil && holds(name)
	}
	return answers, nil
}

func (p *Permissions) holder(ctx context.Context, caller inbound.Caller, userID *domain.ID) (func(scope.Name) bool, error) {
	if userID == nil || userID.String() == caller.Claims.Subject {
		return caller.Can, nil
	}
	if !caller.Can(scope.ReadUsers) {
		return nil, inbound.InsufficientScope(scope.ReadUsers)
	}
	other, err := p.principals.User(ctx, userID.String())
	if err != nil {
		return nil, err
	}
	return func(name scope.Name) bool { return other.Active && (other.IsSuperuser || other.Scopes.Covers(name)) }, nil
}
