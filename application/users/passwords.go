package users

import (
	"context"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Passwords judges and hashes new passwords, always outside of a unit of work:
// both are slow.
type Passwords struct {
	policy Policies
	random outbound.Random
	hasher outbound.PasswordHasher
}

// NewPasswords makes the service.
func NewPasswords(p Policies, random outbound.Random, hasher outbound.PasswordHasher) *Passwords {
	return &Passwords{policy: p, random: random, hasher: hasher}
}

// register checks a registration, password included, and hashes it.
func (p *Passwords) register(ctx context.Context, r inbound.Registration) (user.Checked, string, error) {
	checked, err := r.Check(r.Password, p.policy.Current().Passwords)
	if err != nil {
		return user.Checked{}, "", err
	}
	hash, err := p.hasher.Hash(ctx, r.Password)
	return checked, hash, err
}

// judge holds a new password of a known user to the policy.
func (p *Passwords) judge(_ context.Context, field string, password domain.Secret, u *user.User) error {
	s := u.Snapshot()
	return domain.InvalidFields(p.policy.Current().Passwords.Check(field, password, s.Username, s.Email)...)
}

// replace judges and hashes a new password of a known user.
func (p *Passwords) replace(ctx context.Context, field string, password domain.Secret, u *user.User) (string, error) {
	if err := p.judge(ctx, field, password, u); err != nil {
		return "", err
	}
	return p.hasher.Hash(ctx, password)
}

// generate makes a password of 256 bits, which needs no judging, and its hash.
func (p *Passwords) generate(ctx context.Context) (domain.Secret, string, error) {
	password := token.NewOpaque("", p.random.Entropy())
	hash, err := p.hasher.Hash(ctx, password)
	return password, hash, err
}
