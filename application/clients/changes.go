package clients

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Get gives a client.
func (s *Service) Get(ctx context.Context, caller inbound.Caller, clientID string) (client.Snapshot, error) {
	if err := caller.Needs(scope.ReadClients); err != nil {
		return client.Snapshot{}, err
	}
	found, err := s.directory.ByClientID(ctx, clientID)
	if err != nil {
		return client.Snapshot{}, noClient(err)
	}
	return found.Snapshot(), nil
}

// Change changes fields of a client.
func (s *Service) Change(ctx context.Context, caller inbound.Caller, clientID string, change client.Change, version int64) (client.Snapshot, error) {
	if err := caller.Needs(scope.WriteClients); err != nil {
		return client.Snapshot{}, err
	}
	if err := s.offer.Judge(change); err != nil {
		var scopes []string
		if change.Scopes != nil {
			scopes = *change.Scopes
		}
		return client.Snapshot{}, s.withUnknown(ctx, err, scopes)
	}
	var after client.Snapshot
	err := s.edit(ctx, caller, scope.WriteClients, clientID, version, func(ctx context.Context, r outbound.Repositories, found *client.ServiceClient) (bool, error) {
		held := found.Scopes()
		change, err := s.offer.Changed(found, change)
		if err != nil {
			return false, err
		}
		changed, err := found.Change(change, s.offer.GrantTypes, caller.Party(), s.clock.Now())
		if err == nil {
			err = s.offer.Check(found)
		}
		if err != nil {
			return false, err
		}
		var added scope.Set
		for _, name := range found.Scopes() {
			if !held.Has(name) {
				added = append(added, name)
			}
		}
		after = found.Snapshot()
		return changed, grantable(ctx, r.Scopes, added, caller.Can)
	})
	if domain.HasCode(err, domain.CodeUnknownScope) {
		err = unknownScope()
	}
	return after, err
}

// Delete removes a client with all that goes through it.
func (s *Service) Delete(ctx context.Context, caller inbound.Caller, clientID string, version int64) error {
	return s.edit(ctx, caller, scope.WriteClients, clientID, version, func(ctx context.Context, r outbound.Repositories, found *client.ServiceClient) (bool, error) {
		now := s.clock.Now()
		if err := found.Delete(caller.Party(), now); err != nil {
			return false, err
		}
		if err := s.endAll(ctx, r, clientID, now); err != nil {
			return false, err
		}
		if err := r.Clients.Delete(ctx, found); err != nil {
			return false, err
		}
		return false, r.Signals.Append(ctx, token.Changed(token.SignalPrincipalChanged, clientID, now))
	})
}

// RotateSecret makes a new secret and lets the old one live on for grace seconds.
func (s *Service) RotateSecret(ctx context.Context, caller inbound.Caller, clientID string, grace int, version int64) (domain.Secret, error) {
	// Bounded as given: seconds times a second could overflow.
	lives := time.Duration(min(max(grace, -1), int(client.MaxGrace/time.Second)+1)) * time.Second
	secret := token.NewOpaque(token.SecretPrefix, s.random.Entropy())
	err := s.edit(ctx, caller, scope.WriteClients, clientID, version, func(_ context.Context, _ outbound.Repositories, found *client.ServiceClient) (bool, error) {
		return true, found.Rotate(string(token.DigestOf(secret)), lives, caller.Party(), s.clock.Now())
	})
	if err != nil {
		return domain.Secret{}, err
	}
	return secret, nil
}

// Grant adds a scope that the caller holds.
func (s *Service) Grant(ctx context.Context, caller inbound.Caller, clientID, granted string, version int64) error {
	return s.link(ctx, caller, clientID, granted, version, func(found *client.ServiceClient, name scope.Name) (bool, error) {
		if err := caller.MayGrant(name); err != nil {
			return false, err
		}
		return found.Grant(name, caller.Party(), s.clock.Now())
	})
}

// Withdraw removes a scope; tokens that are out lose it too.
func (s *Service) Withdraw(ctx context.Context, caller inbound.Caller, clientID, withdrawn string, version int64) error {
	return s.link(ctx, caller, clientID, withdrawn, version, func(found *client.ServiceClient, name scope.Name) (bool, error) {
		return found.Withdraw(name, caller.Party(), s.clock.Now())
	})
}

func (s *Service) link(ctx context.Context, caller inbound.Caller, clientID, permission string, version int64, turn func(*client.ServiceClient, scope.Name) (bool, error)) error {
	err := s.edit(ctx, caller, scope.WriteClients, clientID, version, func(ctx context.Context, r outbound.Repositories, found *client.ServiceClient) (bool, error) {
		known, err := r.Scopes.Get(ctx, scope.Name(permission))
		if err != nil {
			return false, noScope(err)
		}
		return turn(found, known.Name())
	})
	if domain.HasCode(err, domain.CodeUnknownScope) { // deleted as it was granted
		return domain.NotFound("there is no such scope")
	}
	return err
}

// edit runs a change of a client by who may change it. Where work tells that
// something changed it is saved, and every instance learns of it.
func (s *Service) edit(ctx context.Context, caller inbound.Caller, needed scope.Name, clientID string, version int64,
	work func(context.Context, outbound.Repositories, *client.ServiceClient) (bool, error)) error {
	if err := caller.Needs(needed); err != nil {
		return err
	}
	return s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		found, err := r.Clients.Get(ctx, clientID)
		if err != nil {
			return noClient(err)
		}
		if err := caller.MayChange(found.Scopes()); err != nil {
			return err
		}
		if err := domain.CheckVersion(version, found.Snapshot().Version); err != nil {
			return err
		}
		changed, err := work(ctx, r, found)
		if err != nil || !changed {
			return err
		}
		if err := r.Clients.Save(ctx, found); err != nil {
			return err
		}
		return r.Signals.Append(ctx, token.Changed(token.SignalPrincipalChanged, clientID, s.clock.Now()))
	})
}

// endAll ends what goes through a client: the sessions of its users with their
// refresh tokens, and every access token that is out.
func (s *Service) endAll(ctx context.Context, r outbound.Repositories, clientID string, now time.Time) error {
	if _, err := r.Sessions.EndThrough(ctx, clientID, token.EndedByClient, now); err != nil {
		return err
	}
	return r.Signals.Append(ctx, token.Signal{Kind: token.SignalClientRevoked, ID: clientID, Before: now, ExpiresAt: now.Add(s.life())})
}

func noClient(err error) error { return absent(err, "there is no such client") }

func noScope(err error) error { return absent(err, "there is no such scope") }

func absent(err error, message string) error {
	if domain.HasCode(err, domain.CodeNotFound) {
		return domain.NotFound(message)
	}
	return err
}
