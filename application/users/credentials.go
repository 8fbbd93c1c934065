package users

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// settleLimit bounds the writing that outlasts its caller: a store that never
// answers must not keep the identifier's place in the gate.
const settleLimit = 5 * time.Second

// Credentials proves people by password, within their budget of failures.
type Credentials struct {
	policy    Policies
	clock     outbound.Clock
	names     NameKey
	hasher    outbound.PasswordHasher
	directory outbound.UserDirectory
	lockouts  outbound.Lockouts
	uow       outbound.UnitOfWork
	gate      *gate
}

// NewCredentials makes the service.
func NewCredentials(p Policies, clock outbound.Clock, names NameKey, hasher outbound.PasswordHasher,
	directory outbound.UserDirectory, lockouts outbound.Lockouts, uow outbound.UnitOfWork) *Credentials {
	return &Credentials{
		policy: p, clock: clock, names: names, hasher: hasher, directory: directory, lockouts: lockouts, uow: uow,
		gate: newGate(p.Current().perIdentifier(), p.Current().MaxWaiting),
	}
}

// Login is a proven password: whose it is, and what the login leaves behind.
type Login struct {
	UserID domain.ID
	// Account is the user as the password was proven; Rehashed tells that its
	// hash is a new one of the same password. Nil where only Record will do.
	Account  *user.User
	Rehashed bool
	// Record notes the login in the unit of work that opens the session, and
	// fails where the account was closed to logins meanwhile.
	Record func(ctx context.Context, r outbound.Repositories) error
}

// VerifyPassword proves who goes by the name or address. Unknown, wrong, and
// a name without a password are one refusal after the same work; a locked name
// is refused before it, alike whether it exists (contract 3.1).
func (c *Credentials) VerifyPassword(ctx context.Context, identifier string, password domain.Secret) (Login, error) {
	if c.policy.Current().Passwords.Impossible(password) {
		return Login{}, badCredentials() // whoever it is, so that it tells nothing
	}
	candidate, err := c.find(ctx, identifier)
	if err != nil {
		return Login{}, err
	}
	proof, err := c.attempt(ctx, candidate, password)
	if err != nil {
		return Login{}, err
	}
	if !proof.account {
		return Login{}, c.refusePending(ctx, candidate)
	}
	if candidate.user.Admit(c.policy.Current().Admission, c.clock.Now()) != nil {
		return Login{}, c.refuseAdmission(ctx, candidate.user.ID())
	}
	login := Login{UserID: candidate.user.ID(), Account: candidate.user, Rehashed: proof.rehashed != "", Record: c.record(candidate.user, proof.rehashed)}
	now := c.clock.Now()
	login.Account.LoggedIn(now)
	if login.Rehashed {
		login.Account.Rehashed(proof.rehashed, now)
	}
	return login, nil
}

// attempt evaluates a password within the budget of its candidate. One that
// matches nothing is settled as a failure and refused.
func (c *Credentials) attempt(ctx context.Context, who candidate, password domain.Secret) (proof, error) {
	leave, err := c.gate.enter(ctx, who.key)
	if err != nil {
		return proof{}, err
	}
	defer leave()
	lockout, err := c.reserve(ctx, who.key)
	if err != nil {
		return proof{}, err
	}
	proven, err := c.evaluate(ctx, who, password)
	// What the attempt leaves behind is kept although its caller gave up.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer done()
	who, lost := c.again(ctx, who)
	if err != nil {
		// Not evaluated: the reservation goes back. Should that fail too, it
		// counts as a failure a little later, which is the safe side.
		_ = c.settle(ctx, who.key, lockout, func(l user.Lockout) user.Lockout { return l.Cancel(c.clock.Now()) })
		return proof{}, err
	}
	if lost != nil {
		return proof{}, lost
	}
	if !proven.account && !proven.pending {
		return proof{}, c.failed(ctx, who)
	}
	if err := c.settle(ctx, who.key, lockout, func(l user.Lockout) user.Lockout {
		if !proven.account || who.unverified {
			// The password of a registration that collided proves nothing of the
			// account it collided with: it must not buy new guesses at it. That of
			// a new account buys none either, so that the two behave alike.
			return l.Cancel(c.clock.Now())
		}
		return l.Succeed(c.clock.Now())
	}); err != nil {
		return proof{}, err
	}
	return proven, nil
}

// proof is what a password matched.
type proof struct {
	account, pending bool
	rehashed         string // the same password with current parameters, where they changed
}

func (c *Credentials) evaluate(ctx context.Context, who candidate, password domain.Secret) (proof, error) {
	var result proof
	var accountHash, pendingHash string
	if who.user != nil {
		accountHash = who.user.PasswordHash()
	}
	if who.pending != nil {
		pendingHash = who.pending.PasswordHash
	}
	var err error
	var outdated bool
	if who.user != nil || who.alike {
		if result.account, outdated, err = c.hasher.Verify(ctx, password, accountHash); err != nil {
			return proof{}, err
		}
	}
	result.account = result.account && !who.superseded
	if who.user == nil || who.alike {
		if result.pending, _, err = c.hasher.Verify(ctx, password, pendingHash); err != nil {
			return proof{}, err
		}
	}
	if result.account && outdated && !who.unverified { // who is refused all the same, as a registration that collided
		// A rehash that fails is left to the next login; this one is proven.
		if rehashed, err := c.hasher.Hash(ctx, password); err == nil {
			result.rehashed = rehashed
		}
	}
	return result, nil
}

// refusePending refuses the right password of a registration that collided as
// that of any account that is not verified, and keeps it on record at the same
// cost. Where verification is not required they are nobody's (contract 4.1).
func (c *Credentials) refusePending(ctx context.Context, who candidate) error {
	return c.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		actor := domain.Party{Kind: domain.PartyUnknown, ID: who.key}
		subject := actor
		if who.owner != nil {
			u, err := r.Users.Get(ctx, who.owner.ID())
			if err != nil {
				return orBadCredentials(err)
			}
			actor.ID, subject = "", u.Party()
		}
		event := domain.Event{
			Type: domain.EventLoginFailed, Outcome: domain.Failed, Reason: domain.ReasonEmailUnverified,
			Actor: actor, Subject: subject, OccurredAt: c.clock.Now(),
		}
		if err := r.Events.Append(ctx, event); err != nil {
			return err
		}
		return domain.Refuse(user.Unverified())
	})
}

// refuseAdmission refuses a disabled, unverified or expired account whose
// password was right, and keeps the refusal on record.
func (c *Credentials) refuseAdmission(ctx context.Context, id domain.ID) error {
	return c.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := r.Users.Get(ctx, id)
		if err != nil {
			return orBadCredentials(err)
		}
		now := c.clock.Now()
		refused := u.Admit(c.policy.Current().Admission, now)
		if refused == nil {
			return badCredentials() // admitted only this moment: asking again will do
		}
		reason := domain.AsError(refused).Reason
		u.LoginRefused(reason, now)
		if reason == domain.ReasonEmailUnverified {
			// Nothing of the account changes; and writing it would take longer than
			// what refusePending does.
			err = r.Events.Append(ctx, u.Drain()...)
		} else {
			err = r.Users.Save(ctx, u)
		}
		if err != nil {
			return err
		}
		return domain.Refuse(refused)
	})
}

func (c *Credentials) record(proven *user.User, rehashed string) func(context.Context, outbound.Repositories) error {
	provenAt := proven.Snapshot().PasswordChangedAt
	return func(ctx context.Context, r outbound.Repositories) error {
		u, err := r.Users.Get(ctx, proven.ID())
		if err != nil {
			return orBadCredentials(err)
		}
		if !u.Snapshot().PasswordChangedAt.Equal(provenAt) {
			return badCredentials() // changed meanwhile: the old one must not outlive it in a new session
		}
		now := c.clock.Now()
		if err := u.Admit(c.policy.Current().Admission, now); err != nil {
			return err
		}
		u.LoggedIn(now)
		if rehashed != "" {
			u.Rehashed(rehashed, now)
		}
		return r.Users.Save(ctx, u)
	}
}

func badCredentials() *domain.Error {
	return domain.Invalid(domain.CodeInvalidGrant, "the credentials are not valid")
}

func orBadCredentials(err error) error {
	if domain.AsError(err).Kind == domain.KindNotFound {
		return badCredentials() // deleted meanwhile
	}
	return err
}
