package users

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// NameKey gives the key of the hash under which names that nobody has keep
// their budget. It is the same on every instance, and through every change of
// the master key.
type NameKey func(ctx context.Context) ([]byte, error)

// candidate is who may go by an identifier, and the key of its budget.
type candidate struct {
	key     string
	user    *user.User
	pending *user.PendingRegistration
	// owner is whose budget the key names, nil for nobody: the user, or the
	// account that a pending registration collided with.
	owner *user.User
	// address is the folded one that the budget is that of, where verification is
	// required: whoever registers it, if nobody has, takes the budget over.
	address string
	// unverified says that the right password does not let the user in yet.
	unverified bool
	// superseded says that the account's own password does not count by its
	// address: the account is not verified, and the address was registered again.
	superseded bool
	// alike says that two hashes are always worked out, so that a collided
	// registration takes as long as any (contract 4.1).
	alike bool
}

func (c *Credentials) find(ctx context.Context, identifier string) (candidate, error) {
	folded, isEmail := user.FoldLogin(identifier)
	admission := c.policy.Current().Admission
	required := admission.RequireVerifiedEmail
	result := candidate{alike: required && isEmail}
	var err error
	if len(identifier) > user.MaxLogin {
		result.key, err = keyedIdentifier(ctx, c.names, folded)
		return result, err
	}
	if result.user, err = c.byLogin(ctx, folded, isEmail); err != nil {
		return candidate{}, err
	}
	if required && (result.user == nil || isEmail) { // else those that collided are nobody's
		if result.pending, err = c.collided(ctx, folded, isEmail); err != nil {
			return candidate{}, err
		}
	}
	result.owner = result.user
	if result.alike && result.user != nil && result.pending != nil {
		// By an address that nobody proved only the newest registration counts,
		// as of those that collided: else registering twice would tell them apart.
		if !result.pending.Supersedes(result.user) {
			result.pending = nil // of an account that had the address before
		} else {
			result.superseded = !result.user.Snapshot().IsVerified
		}
	}
	if !isEmail && result.pending != nil {
		// A new account has one budget under its name and its address, so the
		// name of a registration that collided has that of the address too.
		folded = result.pending.Email.Folded()
		if result.owner, err = c.byLogin(ctx, folded, true); err != nil {
			return candidate{}, err
		}
	}
	if result.user != nil {
		refused := result.user.Admit(admission, c.clock.Now())
		result.unverified = refused != nil && domain.AsError(refused).Reason == domain.ReasonEmailUnverified
	}
	switch {
	case result.alike || result.pending != nil:
		result.address = folded
	case result.unverified:
		if result.address, err = c.readOn(ctx, folded, result.user); err != nil {
			return candidate{}, err
		}
	}
	if result.owner != nil {
		result.key = budgetOf(result.owner.ID())
		return result, nil
	}
	result.key, err = keyedIdentifier(ctx, c.names, folded)
	return result, err
}

// readOn reads of an account that is not verified what find reads of a collided
// registration by its name, so that time does not tell the two apart, and gives
// the address.
func (c *Credentials) readOn(ctx context.Context, name string, u *user.User) (address string, err error) {
	if _, err := c.collided(ctx, name, false); err != nil {
		return "", err
	}
	address = u.Snapshot().Email.Folded()
	_, err = c.byLogin(ctx, address, true)
	return address, err
}

// again finds whose budget an attempt is settled in: an address that nobody had
// may have been registered while it was in flight, and the account has it in its
// budget now. It looks up those that somebody had too, for time must not tell.
func (c *Credentials) again(ctx context.Context, who candidate) (candidate, error) {
	if who.address == "" {
		return who, nil
	}
	owner, err := c.byLogin(ctx, who.address, true)
	if err == nil && owner != nil && who.owner == nil {
		who.owner, who.key = owner, budgetOf(owner.ID())
	}
	return who, err
}

// byLogin gives the account that goes by the name or address, nil for none.
func (c *Credentials) byLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	found, err := c.directory.ByLogin(ctx, folded, isEmail)
	if err != nil && domain.AsError(err).Kind == domain.KindNotFound {
		return nil, nil
	}
	return found, err
}

// collided gives the registration that goes by the name or address beside an
// account, nil for none.
func (c *Credentials) collided(ctx context.Context, folded string, isEmail bool) (*user.PendingRegistration, error) {
	found, err := c.directory.Pending(ctx, folded, isEmail, c.clock.Now())
	if err != nil && domain.AsError(err).Kind == domain.KindNotFound {
		return nil, nil
	}
	return &found, err
}

// keyedIdentifier names a folded identifier that belongs to nobody, without
// telling it.
func keyedIdentifier(ctx context.Context, names NameKey, folded string) (string, error) {
	key, err := names(ctx)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(folded)) // never fails
	return "name:" + hex.EncodeToString(mac.Sum(nil)), nil
}
