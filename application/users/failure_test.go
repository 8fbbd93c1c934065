package users

import (
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

// A wrong guess asks the store as often whoever goes by the name; that a saved
// user is told of, nobody's as well, is the committer's.
func TestAGuessAtNobodyIsWorkedOutAsOneAtAnAccount(t *testing.T) {
	for _, required := range []bool{false, true} {
		d := newDesk(func(p *Policy, _ *user.Snapshot) { p.Admission.RequireVerifiedEmail = required })
		before := len(d.store.stored().users)
		guess := func(identifier string) (asked, done int) {
			asked, done = d.store.asked, len(d.store.stored().done)
			_, err := d.try(t, identifier, wrong)
			wantCode(t, err, domain.CodeInvalidGrant)
			return d.store.asked - asked, len(d.store.stored().done) - done
		}
		for _, pair := range [][2]string{{d.name(), "nobody"}, {d.address(), "nobody@example.com"}} {
			asked, done := guess(pair[0])
			again, doneAgain := guess(pair[1])
			if pair[0] == d.name() && required {
				asked++ // where names tell nothing new: registration says that one is taken
			}
			if asked != again || done != doneAgain || done == 0 {
				t.Errorf("required %v: %s takes %d and %d, %s %d and %d", required, pair[0], asked, done, pair[1], again, doneAgain)
			}
		}
		after := d.store.stored()
		if len(after.signals) != 2 || after.signals[0].Kind != token.SignalUserSaved || after.signals[0].ID != domain.NoID.String() {
			t.Errorf("told for nobody: %+v", after.signals)
		}
		if len(after.users) != before {
			t.Errorf("%d accounts, there were %d", len(after.users), before)
		}
	}
}

// The password of who is refused all the same is not hashed anew: a registration
// that collided has no hash to renew.
func TestUnverifiedAccountsAreNotRehashed(t *testing.T) {
	d := newDesk(func(p *Policy, s *user.Snapshot) { p.Admission.RequireVerifiedEmail, s.IsVerified = true, false })
	d.hasher.outdated = true
	_, err := d.try(t, d.name(), right)
	if domain.AsError(err).Reason != domain.ReasonEmailUnverified || d.hasher.hashed.Load() != 0 {
		t.Errorf("%v, %d hashed", err, d.hasher.hashed.Load())
	}
}
