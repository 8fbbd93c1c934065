package clients

import (
	"context"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// idPrefix starts every client_id that is made here.
const idPrefix = "ksc_"

// Service administers service clients.
type Service struct {
	clock     outbound.Clock
	random    outbound.Random
	uow       outbound.UnitOfWork
	directory outbound.ClientDirectory
	offer     Offer
	life      func() time.Duration
}

var (
	_ inbound.Clients      = (*Service)(nil)
	_ inbound.ClientEditor = (*Service)(nil)
)

// NewService makes the service; life tells how long an access token is good at
// most.
func NewService(clock outbound.Clock, random outbound.Random, uow outbound.UnitOfWork, directory outbound.ClientDirectory,
	offer Offer, life func() time.Duration) *Service {
	return &Service{clock: clock, random: random, uow: uow, directory: directory, offer: offer, life: life}
}

// Create makes a client on behalf of a caller, who must hold all it is given.
func (s *Service) Create(ctx context.Context, caller inbound.Caller, d client.Draft) (inbound.NewClient, error) {
	if !caller.Can(scope.WriteClients) {
		return inbound.NewClient{}, inbound.InsufficientScope(scope.WriteClients)
	}
	return s.create(ctx, d, caller.Party(), caller.Can)
}

// CreateAsOperator makes a client on behalf of who holds the command line.
func (s *Service) CreateAsOperator(ctx context.Context, d client.Draft) (inbound.NewClient, error) {
	return s.create(ctx, d, domain.System, func(scope.Name) bool { return true })
}

func (s *Service) create(ctx context.Context, d client.Draft, actor domain.Party, holds func(scope.Name) bool) (inbound.NewClient, error) {
	var badKeys error
	d.Authentication, badKeys = s.offer.Resolve(d.Authentication)
	now, entropy := s.clock.Now(), s.random.Entropy()
	secret := token.NewOpaque(token.SecretPrefix, s.random.Entropy())
	id := idPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(entropy[:16]))
	serial := s.random.NewID(now)
	draw := func() (*client.ServiceClient, error) {
		return client.New(serial, id, string(token.DigestOf(secret)), d, s.offer.GrantTypes, actor, now)
	}
	c, err := draw()
	if err == nil {
		err = s.offer.Check(c)
	}
	if err := domain.AllFields(badKeys, err); err != nil {
		return inbound.NewClient{}, s.withUnknown(ctx, err, d.Scopes)
	}
	err = s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		// Anew each time: storing it takes its events, and a rerun needs them too.
		if c, err = draw(); err != nil {
			return err
		}
		if err := grantable(ctx, r.Scopes, c.Scopes(), holds); err != nil {
			return err
		}
		return r.Clients.Add(ctx, c)
	})
	if domain.HasCode(err, domain.CodeUnknownScope) {
		err = unknownScope()
	}
	if err != nil {
		return inbound.NewClient{}, err
	}
	if !c.ProvesBySecret() {
		secret = domain.Secret{}
	}
	return inbound.NewClient{Client: c.Snapshot(), Secret: secret}, nil
}

// withUnknown adds to what is wrong with a client that there is no such scope, so
// that all is told at once. Names that are none are among what is wrong.
func (s *Service) withUnknown(ctx context.Context, wrong error, names []string) error {
	wanted := make([]scope.Name, len(names))
	for i, name := range names {
		parsed, err := scope.ParseName(name)
		if err != nil {
			return wrong
		}
		wanted[i] = parsed
	}
	all := domain.AllFields(wrong, s.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		return existing(ctx, r.Scopes, scope.NewSet(wanted...))
	}))
	if !domain.HasCode(all, domain.CodeInvalidInput) {
		return wrong // a store that can't be asked makes it no better
	}
	return all
}

// grantable refuses what the maker does not hold. A scope that nobody can hold,
// because there is none of that name, is a mistake in the input first.
func grantable(ctx context.Context, known outbound.Scopes, wanted scope.Set, holds func(scope.Name) bool) error {
	withheld := slices.DeleteFunc(slices.Clone(wanted), holds)
	if err := existing(ctx, known, withheld); err != nil {
		return err
	}
	if len(withheld) > 0 {
		return domain.Forbidden("a client can't be given a scope that its maker does not hold")
	}
	return nil
}

// existing refuses a scope that there is none of.
func existing(ctx context.Context, known outbound.Scopes, wanted scope.Set) error {
	for _, name := range wanted {
		_, err := known.Get(ctx, name)
		switch {
		case domain.HasCode(err, domain.CodeNotFound):
			return unknownScope()
		case err != nil:
			return err
		}
	}
	return nil
}

func unknownScope() error {
	return domain.InvalidFields(domain.Field{Name: "scopes", Code: "unknown", Message: "names a scope that does not exist"})
}
