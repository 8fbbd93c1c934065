package user_test

import (
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/test/given"
)

func TestAdoptsAnotherPasswordSetLater(t *testing.T) {
	u := given.User()
	before := u.Snapshot()
	if before.PasswordHash == "" {
		t.Fatal("the example has no password")
	}
	earlier, later := before.PasswordChangedAt.Add(-time.Second), before.PasswordChangedAt.Add(time.Second)
	for name, from := range map[string]user.Imported{
		"none":           {PasswordChangedAt: later},
		"set before":     {PasswordHash: "another", PasswordChangedAt: earlier},
		"of no time":     {PasswordHash: "another"},
		"that it has":    {PasswordHash: before.PasswordHash, PasswordChangedAt: later},
		"at the instant": {PasswordHash: "another", PasswordChangedAt: before.PasswordChangedAt},
	} {
		if u.AdoptPassword(from, domain.System, given.Now) || u.Snapshot().PasswordHash != before.PasswordHash {
			t.Errorf("a password %s replaced that in force", name)
		}
	}
	if !u.AdoptPassword(user.Imported{PasswordHash: "another", PasswordChangedAt: later}, domain.System, given.Now) ||
		u.Snapshot().PasswordHash != "another" || !u.Snapshot().PasswordChangedAt.Equal(later) {
		t.Errorf("a later one did not: %+v", u.Snapshot())
	}
}
