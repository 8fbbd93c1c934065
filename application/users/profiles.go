package users

import (
	"context"
	"strings"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Profiles reads through to what people are shown of their own account. Signals
// drop what was saved since, on every instance.
type Profiles struct {
	directory outbound.UserDirectory
	cache     outbound.Cache[string, user.Snapshot]
}

// NewProfiles reads users through the cache. Values must not outlive the signal
// that drops them: see token.Saved.
func NewProfiles(directory outbound.UserDirectory, cache outbound.Cache[string, user.Snapshot]) *Profiles {
	return &Profiles{directory: directory, cache: cache}
}

// Of gives an account by the `sub` of a token, without its secrets. Not found:
// KindNotFound.
func (p *Profiles) Of(ctx context.Context, id string) (user.Snapshot, error) {
	if kept, ok := p.cache.Get(id); ok {
		return kept, nil
	}
	// The key outlives the token that the id may be a part of.
	return p.cache.Load(ctx, strings.Clone(id), p.load)
}

func (p *Profiles) load(ctx context.Context, id string) (user.Snapshot, error) {
	parsed, err := domain.ParseID(id)
	if err != nil {
		return user.Snapshot{}, domain.NotFound("no such user")
	}
	u, err := p.directory.ByID(ctx, parsed)
	if err != nil {
		return user.Snapshot{}, err
	}
	return u.Snapshot().WithoutSecrets(), nil
}

// Follow drops what a signal says has changed.
func (p *Profiles) Follow(s token.Signal) {
	switch s.Kind {
	case token.SignalUserSaved, token.SignalPrincipalChanged:
		p.cache.Drop(s.ID)
	case token.SignalRolesChanged:
		p.cache.DropAll()
	}
}
