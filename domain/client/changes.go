package client

import (
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// MaxGrace bounds how long a secret may live on beside its successor.
const MaxGrace = 86400 * time.Second

// Every verb refuses the first-party client with CodeBuiltin: logins that name
// no client go through it, and it has no secret to rotate.
func (c *ServiceClient) refuseBuiltin() error {
	if c.s.IsFirstParty {
		return domain.Conflict(domain.CodeBuiltin, "the built-in client can't be changed")
	}
	return nil
}

// Change changes fields and tells whether any is another. known lists the grant
// types on offer; one that the client has already may stay when it is not.
// Fails with validation_failed, naming each field.
func (c *ServiceClient) Change(change Change, known []string, actor domain.Party, now time.Time) (bool, error) {
	if err := c.refuseBuiltin(); err != nil {
		return false, err
	}
	checked, err := c.s.draft().with(change).check(slices.Concat(known, c.s.GrantTypes))
	if err != nil {
		return false, err
	}
	before := c.s
	before.AuthMethod = c.AuthMethod()
	c.apply(checked)
	if c.s.Name == before.Name && c.s.Description == before.Description && slices.Equal(c.s.Scopes, before.Scopes) &&
		slices.Equal(c.s.GrantTypes, before.GrantTypes) && c.s.AccessTokenLifetime == before.AccessTokenLifetime &&
		c.s.AuthMethod == before.AuthMethod && c.s.Keys == before.Keys {
		return false, nil
	}
	c.touch(domain.EventClientUpdated, "", actor, now)
	switch { // who may come as the client is another: as weighty as another secret
	case c.s.AuthMethod != before.AuthMethod:
		c.record(domain.EventClientSecretRotated, c.s.AuthMethod, actor, now)
	case c.s.Keys != before.Keys:
		c.record(domain.EventClientSecretRotated, "jwks", actor, now)
	}
	return true, nil
}

// Grant adds a scope and tells whether it was missing.
func (c *ServiceClient) Grant(name scope.Name, actor domain.Party, now time.Time) (bool, error) {
	if err := c.refuseBuiltin(); err != nil || c.s.Scopes.Has(name) {
		return false, err
	}
	c.s.Scopes = c.s.Scopes.Union(scope.NewSet(name))
	c.touch(domain.EventClientScopeGranted, string(name), actor, now)
	return true, nil
}

// Withdraw removes a scope and tells whether it was there.
func (c *ServiceClient) Withdraw(name scope.Name, actor domain.Party, now time.Time) (bool, error) {
	if err := c.refuseBuiltin(); err != nil || !c.s.Scopes.Has(name) {
		return false, err
	}
	c.s.Scopes = c.s.Scopes.Without(name)
	c.touch(domain.EventClientScopeWithdrawn, string(name), actor, now)
	return true, nil
}

// Rotate makes another secret the client's. The one it had counts for grace
// more, at most MaxGrace; the one before that ends now. Fails with
// validation_failed, or with CodeConflict where the client has no use for one.
func (c *ServiceClient) Rotate(secretHash string, grace time.Duration, actor domain.Party, now time.Time) error {
	if err := c.refuseBuiltin(); err != nil {
		return err
	}
	if !c.ProvesBySecret() {
		return domain.Conflict(domain.CodeConflict, "the client does not authenticate with a secret")
	}
	if grace < 0 || grace > MaxGrace {
		return domain.InvalidFields(domain.Field{Name: "grace", Code: "range", Message: "must be 0 to 86400 seconds"})
	}
	c.s.PreviousSecretHash, c.s.PreviousSecretUntil = "", time.Time{}
	if grace > 0 {
		c.s.PreviousSecretHash, c.s.PreviousSecretUntil = c.s.SecretHash, now.Add(grace)
	}
	c.s.SecretHash = secretHash
	c.touch(domain.EventClientSecretRotated, "", actor, now)
	return nil
}

// Activate lets the client ask for tokens again and tells whether it could not.
func (c *ServiceClient) Activate(actor domain.Party, now time.Time) (bool, error) {
	if err := c.refuseBuiltin(); err != nil || c.s.IsActive {
		return false, err
	}
	c.s.IsActive = true
	c.touch(domain.EventClientActivated, "", actor, now)
	return true, nil
}

// Deactivate keeps the client from everything and tells whether it was active.
func (c *ServiceClient) Deactivate(actor domain.Party, now time.Time) (bool, error) {
	if err := c.refuseBuiltin(); err != nil || !c.s.IsActive {
		return false, err
	}
	c.s.IsActive = false
	c.touch(domain.EventClientDeactivated, "", actor, now)
	return true, nil
}

// Delete records the end of the client, which its repository then brings about.
func (c *ServiceClient) Delete(actor domain.Party, now time.Time) error {
	if err := c.refuseBuiltin(); err != nil {
		return err
	}
	c.record(domain.EventClientDeleted, "", actor, now)
	return nil
}

func (c *ServiceClient) apply(d checked) {
	c.s.Name, c.s.Description, c.s.Scopes, c.s.GrantTypes, c.s.AccessTokenLifetime = d.name, d.description, d.scopes, d.grants, d.lifetime
	c.s.AuthMethod, c.s.Keys = d.method, d.auth.Keys
	if d.auth.By != BySecret { // a secret that is left would be a second way in
		c.s.SecretHash, c.s.PreviousSecretHash, c.s.PreviousSecretUntil = "", "", time.Time{}
	}
}

func (c *ServiceClient) touch(event domain.EventType, reason string, actor domain.Party, now time.Time) {
	c.s.UpdatedAt = now
	c.s.Version++
	c.record(event, reason, actor, now)
}

func (c *ServiceClient) record(event domain.EventType, reason string, actor domain.Party, now time.Time) {
	c.Record(domain.Event{Type: event, Outcome: domain.Succeeded, Reason: reason, Actor: actor, Subject: c.Party(), OccurredAt: now})
}
