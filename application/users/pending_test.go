package users

import (
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/test/given"
)

// pendingDesk has a registration that collided with the user's address.
func pendingDesk(required bool) (*desk, user.PendingRegistration) {
	d := newDesk(func(p *Policy, _ *user.Snapshot) { p.Admission.RequireVerifiedEmail = required })
	p := user.PendingRegistration{Username: user.Username(given.Name("guest")), Email: d.user.Snapshot().Email, PasswordHash: hashOf("the password of the pending"), ExpiresAt: given.Now.Add(time.Hour)}
	d.store.pending = append(d.store.pending, p)
	return d, p
}

func TestPendingRegistration(t *testing.T) {
	const own = "the password of the pending"
	for _, required := range []bool{true, false} {
		for _, byAddress := range []bool{true, false} {
			d, p := pendingDesk(required)
			identifier := string(p.Username)
			if byAddress {
				identifier = d.address()
			}
			_, err := d.try(t, identifier, own)
			wantCode(t, err, domain.CodeInvalidGrant)
			want := ""
			if required {
				want = domain.ReasonEmailUnverified
			}
			if got := domain.AsError(err).Reason; got != want {
				t.Errorf("required %v, by address %v: reason %q, want %q", required, byAddress, got, want)
			}
			hashes := int64(1)
			if required && byAddress {
				hashes = 2 // the account's and the stand-in's
			}
			if got := d.hasher.verified.Load(); got != hashes {
				t.Errorf("required %v, by address %v: %d hashes, want %d", required, byAddress, got, hashes)
			}
		}
	}
}

// By address two hashes are worked out whoever it is, so time tells nothing.
func TestRequiredVerificationAlwaysCostsTwoHashes(t *testing.T) {
	d, _ := pendingDesk(true)
	for i, password := range []string{right, wrong, "the password of the pending"} {
		_, _ = d.try(t, d.address(), password)
		if got := d.hasher.verified.Load(); got != int64(2*i+2) {
			t.Errorf("%d hashes after %d attempts", got, i+1)
		}
	}
	before := d.hasher.verified.Load()
	_, _ = d.try(t, "nobody@example.com", wrong)
	if got := d.hasher.verified.Load() - before; got != 2 {
		t.Errorf("%d hashes for an address of nobody", got)
	}
	must(t, d.login(t, d.address(), right)) // the owner is not in the way of itself
}

// Whoever registers a victim's address must not buy guesses at the victim's
// password with the password of the registration.
func TestPendingRegistrationBuysNoGuesses(t *testing.T) {
	d, _ := pendingDesk(true)
	for range 3 {
		for range 4 {
			_, err := d.try(t, d.address(), wrong)
			wantCode(t, err, domain.CodeInvalidGrant)
		}
		_, err := d.try(t, d.address(), "the password of the pending")
		wantCode(t, err, domain.CodeInvalidGrant)
	}
	if b := d.budget(); b.LockedUntil.IsZero() {
		t.Errorf("twelve guesses and no lock: %+v", b)
	}
}
