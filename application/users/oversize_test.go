package users

import (
	"context"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// counted counts the look-ups of a directory.
type counted struct {
	outbound.UserDirectory
	lookups int
}

func (d *counted) ByLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	d.lookups++
	return d.UserDirectory.ByLogin(ctx, folded, isEmail)
}

// A name that can't exist is looked up nowhere and has a budget all the same.
func TestNameThatCannotExist(t *testing.T) {
	for _, long := range []string{strings.Repeat("n", 255), strings.Repeat("n", 250) + "@example.com"} {
		d := newDesk(nil)
		directory := &counted{UserDirectory: d.store}
		d.directory = directory
		for range 5 {
			_, err := d.try(t, long, wrong)
			wantCode(t, err, domain.CodeInvalidGrant)
		}
		_, err := d.try(t, long, wrong)
		if domain.AsError(err).Reason != domain.ReasonAccountLocked || d.hasher.verified.Load() != 5 {
			t.Errorf("got %v after %d hashes", err, d.hasher.verified.Load())
		}
		if directory.lookups != 0 {
			t.Errorf("looked up %d times", directory.lookups)
		}
	}
}

// A password that no policy ever let in is refused before it costs anything,
// for every name alike, and takes nothing of a budget.
func TestPasswordThatCannotBe(t *testing.T) {
	d := newDesk(nil)
	huge := strings.Repeat("e\u0301", 1<<19)
	for _, identifier := range []string{d.name(), d.address(), "nobody", "nobody@example.com"} {
		_, err := d.try(t, identifier, huge)
		wantCode(t, err, domain.CodeInvalidGrant)
		if reason := domain.AsError(err).Reason; reason != "" {
			t.Errorf("%s: reason %q", identifier, reason)
		}
	}
	_, err := d.ProvePassword(t.Context(), d.user.ID(), domain.NewSecret(huge))
	wantCode(t, err, domain.CodeWrongPassword)
	if d.hasher.verified.Load() != 0 || len(d.store.stored().lockouts) != 0 {
		t.Errorf("hashed %d, kept %v", d.hasher.verified.Load(), d.store.stored().lockouts)
	}
}
