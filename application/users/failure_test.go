package users

import (
	"slices"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
)

// A wrong guess asks the same of the store whoever goes by the name; that a saved
// user is told of, nobody's as well, is the committer's.
func TestAGuessAtNobodyIsWorkedOutAsOneAtAnAccount(t *testing.T) {
	d := newDesk(nil)
	users := d.store.stored().users
	_, err := d.try(t, d.name(), wrong)
	wantCode(t, err, domain.CodeInvalidGrant)
	known := d.store.stored().done
	_, err = d.try(t, "nobody", wrong)
	wantCode(t, err, domain.CodeInvalidGrant)
	after := d.store.stored()
	if unknown := after.done[len(known):]; len(known) == 0 || !slices.Equal(known, unknown) {
		t.Errorf("an account takes %q, nobody %q", known, unknown)
	}
	if len(after.signals) != 1 || after.signals[0].Kind != token.SignalUserSaved || after.signals[0].ID != domain.NoID.String() {
		t.Errorf("told for nobody: %+v", after.signals)
	}
	if len(after.users) != len(users) {
		t.Errorf("%d accounts, there were %d", len(after.users), len(users))
	}
}
