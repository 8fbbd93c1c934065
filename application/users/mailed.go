package users

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// MailedTokens makes the tokens that mails carry, at the time they are sent.
// Nothing holds one before: it is derived from the account, the event that
// asked for it and the address, and the store keeps a keyed hash of it.
//
//	token  = prefix (user id, first 128 bits of HMAC(purpose; user id, event id, address))
//	stored = key id "." HMAC(purpose "-digest"; token)
type MailedTokens struct {
	clock     outbound.Clock
	master    outbound.MasterKey
	directory outbound.UserDirectory
	uow       outbound.UnitOfWork
}

// NewMailedTokens makes the service.
func NewMailedTokens(clock outbound.Clock, master outbound.MasterKey, directory outbound.UserDirectory, uow outbound.UnitOfWork) *MailedTokens {
	return &MailedTokens{clock: clock, master: master, directory: directory, uow: uow}
}

// mailedKind is what a mailed token is for. Its purpose keeps derivations
// apart, so that a token of one kind is never one of another.
type mailedKind struct {
	prefix, purpose string
	life            time.Duration
	address         func(*user.User) (user.Email, bool)
	issued          func(user.Snapshot) (digest string, asked time.Time)
	issue           func(u *user.User, digest string, asked time.Time) bool
}

var verificationToken = mailedKind{
	prefix: token.VerificationPrefix, purpose: "email-verification", life: user.VerificationLife,
	address: (*user.User).VerificationAddress, issue: (*user.User).IssueVerification,
	issued: func(s user.Snapshot) (string, time.Time) { return s.EmailVerificationToken, s.EmailVerificationSentAt },
}

var resetToken = mailedKind{
	prefix: token.ResetPrefix, purpose: "password-reset", life: user.ResetLife,
	address: (*user.User).ResetAddress, issue: (*user.User).IssueReset,
	issued: func(s user.Snapshot) (string, time.Time) { return s.PasswordResetToken, s.PasswordResetSentAt },
}

// Verification gives the token that verifies the user's address, as the event
// asked for; false where none is due: there is nothing to verify, a later
// request replaced it, or it expired on the way.
func (m *MailedTokens) Verification(ctx context.Context, o domain.Occurrence) (user.Mailed, bool, error) {
	return m.issue(ctx, verificationToken, o)
}

// Reset is Verification for a new password.
func (m *MailedTokens) Reset(ctx context.Context, o domain.Occurrence) (user.Mailed, bool, error) {
	return m.issue(ctx, resetToken, o)
}

func (m *MailedTokens) issue(ctx context.Context, kind mailedKind, o domain.Occurrence) (user.Mailed, bool, error) {
	if o.Subject.Kind != domain.PartyUser || !m.clock.Now().Before(o.OccurredAt.Add(kind.life)) {
		return user.Mailed{}, false, nil
	}
	id, err := domain.ParseID(o.Subject.ID)
	if err != nil {
		return user.Mailed{}, false, err
	}
	found, err := m.directory.ByID(ctx, id)
	if err != nil {
		return user.Mailed{}, false, unlessNotFound(err)
	}
	to, due := kind.address(found)
	if !due {
		return user.Mailed{}, false, nil
	}
	fresh, digest, err := m.derive(kind, m.keyFor(kind, found, o), id, o.ID, to)
	if err != nil {
		return user.Mailed{}, false, err
	}
	err = m.uow.Do(ctx, func(ctx context.Context, r outbound.Repositories) error {
		u, err := r.Users.Get(ctx, id)
		if err != nil {
			return err
		}
		now, still := kind.address(u)
		if due = still && now == to && kind.issue(u, digest, o.OccurredAt); !due {
			return nil
		}
		return r.Users.Save(ctx, u)
	})
	if err != nil {
		return user.Mailed{}, false, unlessNotFound(err)
	}
	s := found.Snapshot()
	return user.Mailed{Username: s.Username, To: to, IsChange: to == s.PendingEmail, Token: fresh, ValidFor: kind.life}, due, nil
}

// keyFor names the master key to derive with: on another attempt at the same
// mail the one it was issued under.
func (m *MailedTokens) keyFor(kind mailedKind, u *user.User, o domain.Occurrence) string {
	if digest, asked := kind.issued(u.Snapshot()); digest != "" && asked.Equal(o.OccurredAt) {
		keyID, _, _ := strings.Cut(digest, ".")
		return keyID
	}
	return m.master.ID()
}

// derive gives the token of an event, and its keyed hash.
func (m *MailedTokens) derive(kind mailedKind, keyID string, id, event domain.ID, to user.Email) (domain.Secret, string, error) {
	sum, err := m.master.Derive(keyID, kind.purpose, slices.Concat(id[:], event[:], []byte(to)))
	if err != nil {
		return domain.Secret{}, "", err
	}
	var body [32]byte
	copy(body[copy(body[:], id[:]):], sum[:])
	fresh := token.NewOpaque(kind.prefix, body)
	digest, err := m.digest(kind, keyID, fresh)
	return fresh, digest, err
}

func (m *MailedTokens) digest(kind mailedKind, keyID string, raw domain.Secret) (string, error) {
	sum, err := m.master.Derive(keyID, kind.purpose+"-digest", []byte(raw.Reveal()))
	return keyID + "." + base64.RawURLEncoding.EncodeToString(sum[:]), err
}

// presented finds whose token it is and what the store would hold of it; false
// for what no mail carried.
func (m *MailedTokens) presented(ctx context.Context, kind mailedKind, raw domain.Secret) (*user.User, string, bool, error) {
	body, ok := token.OpaqueBody(kind.prefix, raw)
	if !ok {
		return nil, "", false, nil
	}
	u, err := m.directory.ByID(ctx, domain.ID(body[:16]))
	if err != nil {
		return nil, "", false, unlessNotFound(err)
	}
	stored, _ := kind.issued(u.Snapshot())
	keyID, _, issued := strings.Cut(stored, ".")
	if !issued {
		return nil, "", false, nil
	}
	digest, err := m.digest(kind, keyID, raw)
	if err != nil && domain.AsError(err).Kind == domain.KindInternal {
		return nil, "", false, nil // issued under a master key that is no longer configured: worth nothing
	}
	return u, digest, err == nil, err
}

func unlessNotFound(err error) error {
	if domain.AsError(err).Kind == domain.KindNotFound {
		return nil
	}
	return err
}
