package users

import (
	"context"
	"encoding/hex"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// identifierPurpose keys the hash under which unknown names have their budget.
const identifierPurpose = "login-identifier"

// candidate is who may go by an identifier, and the key of its budget.
type candidate struct {
	key     string
	user    *user.User
	pending *user.PendingRegistration
	// alike says that two hashes are always worked out, so that a collided
	// registration takes as long as any (contract 4.1).
	alike bool
}

func (c *Credentials) find(ctx context.Context, identifier string) (candidate, error) {
	folded, isEmail := user.FoldLogin(identifier)
	result := candidate{alike: c.policy.Current().Admission.RequireVerifiedEmail && isEmail}
	var err error
	if len(identifier) > user.MaxLogin {
		result.key, err = keyedIdentifier(c.master, folded)
		return result, err
	}
	if result.user, err = c.byLogin(ctx, folded, isEmail); err != nil {
		return candidate{}, err
	}
	if result.user == nil || result.alike {
		pending, err := c.directory.Pending(ctx, folded, isEmail, c.clock.Now())
		switch {
		case err == nil:
			result.pending = &pending
		case domain.AsError(err).Kind != domain.KindNotFound:
			return candidate{}, err
		}
	}
	if result.user != nil {
		result.key = budgetOf(result.user.ID())
		return result, nil
	}
	result.key, err = keyedIdentifier(c.master, folded)
	return result, err
}

// byLogin gives the account that goes by the name or address, nil for none.
func (c *Credentials) byLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	found, err := c.directory.ByLogin(ctx, folded, isEmail)
	if err != nil && domain.AsError(err).Kind == domain.KindNotFound {
		return nil, nil
	}
	return found, err
}

// keyedIdentifier names a folded identifier that belongs to nobody, without
// telling it.
func keyedIdentifier(master outbound.MasterKey, folded string) (string, error) {
	keyed, err := master.Derive(master.ID(), identifierPurpose, []byte(folded))
	return "name:" + hex.EncodeToString(keyed[:]), err
}
