package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Passwords judges and hashes new passwords, always outside of a unit of work:
// both are slow.
type Passwords struct {
	policy  Policies
	random  outbound.Random
	hasher  outbound.PasswordHasher
	judge   outbound.PasswordJudge
	history outbound.PasswordHistory
}

// NewPasswords makes the service.
func NewPasswords(p Policies, random outbound.Random, hasher outbound.PasswordHasher, judge outbound.PasswordJudge, history outbound.PasswordHistory) *Passwords {
	return &Passwords{policy: p, random: random, hasher: hasher, judge: judge, history: history}
}

// register checks a registration, password included, and hashes it.
func (p *Passwords) register(ctx context.Context, r inbound.Registration) (user.Checked, string, error) {
	policy := p.policy.Current().Passwords
	checked, err := r.Check(r.Password, policy)
	if err != nil {
		return user.Checked{}, "", err
	}
	if err := p.judged(ctx, policy, "password", r.Password, r.Words()); err != nil {
		return user.Checked{}, "", err
	}
	hash, err := p.hasher.Hash(ctx, r.Password)
	return checked, hash, err
}

// registerByOperator is register for a superuser that an operator makes.
func (p *Passwords) registerByOperator(ctx context.Context, r inbound.Registration) (user.Checked, string, error) {
	checked, err := r.CheckByOperator(r.Password, p.policy.Current().Passwords)
	if err != nil {
		return user.Checked{}, "", err
	}
	hash, err := p.hasher.Hash(ctx, r.Password)
	return checked, hash, err
}

// form holds a new password to the rules that ask nothing of its user.
func (p *Passwords) form(field string, password domain.Secret) error {
	return domain.InvalidFields(p.policy.Current().Passwords.CheckForm(field, password)...)
}

// check holds a new password of a known user to the policy, but for its
// history: nobody who has not proven the current one is told of earlier ones.
func (p *Passwords) check(ctx context.Context, field string, password domain.Secret, u *user.User) error {
	policy := p.policy.Current().Passwords
	if err := domain.InvalidFields(policy.Check(field, password, u.Words())...); err != nil {
		return err
	}
	return p.judged(ctx, policy, field, password, u.Words())
}

func (p *Passwords) judged(ctx context.Context, policy user.PasswordPolicy, field string, password domain.Secret, words []string) error {
	strength, err := p.judge.Judge(ctx, password, words)
	if err != nil {
		return err
	}
	return domain.InvalidFields(policy.Judged(field, strength)...)
}

// replace checks and renews.
func (p *Passwords) replace(ctx context.Context, field string, password domain.Secret, u *user.User) (string, error) {
	if err := p.check(ctx, field, password, u); err != nil {
		return "", err
	}
	return p.renew(ctx, field, password, u)
}

// renew hashes a new password of a known user, who must not have had it lately.
func (p *Passwords) renew(ctx context.Context, field string, password domain.Secret, u *user.User) (string, error) {
	if err := p.fresh(ctx, field, password, u); err != nil {
		return "", err
	}
	return p.hasher.Hash(ctx, password)
}

// fresh refuses the password in force and those before it.
func (p *Passwords) fresh(ctx context.Context, field string, password domain.Secret, u *user.User) error {
	history := p.policy.Current().Passwords.History
	if history <= 0 {
		return nil
	}
	former, err := p.history.Recent(ctx, u.ID(), history-1)
	if err != nil {
		return err
	}
	for _, hash := range append([]string{u.PasswordHash()}, former...) {
		if hash == "" {
			continue
		}
		match, _, err := p.hasher.Verify(ctx, password, hash)
		if err != nil {
			return err
		}
		if match {
			return user.Reused(field)
		}
	}
	return nil
}

// set replaces the password of a user inside a unit of work, which has yet to
// save the user, and keeps the old one for its history.
func (p *Passwords) set(ctx context.Context, r outbound.Repositories, u *user.User, hash string, actor domain.Party, now time.Time) error {
	if keep := p.policy.Current().Passwords.History - 1; keep > 0 && u.PasswordHash() != "" {
		if err := r.Passwords.Add(ctx, u.ID(), u.PasswordHash(), now, keep); err != nil {
			return err
		}
	}
	u.SetPassword(hash, actor, now)
	return nil
}

// generate makes a password, which needs no judging, and its hash.
func (p *Passwords) generate(ctx context.Context) (domain.Secret, string, error) {
	password := user.GeneratePassword(p.random.Entropy())
	hash, err := p.hasher.Hash(ctx, password)
	return password, hash, err
}
