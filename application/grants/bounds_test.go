package grants

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/test/given"
)

// many gives n names on the resource users, each of the same length.
func many(n, length int) scope.Set {
	names := make([]scope.Name, n)
	for i := range names {
		action := fmt.Sprintf("a%04d", i)
		names[i] = scope.Of(action+strings.Repeat("x", length-len(action)-len(":users")), "users")
	}
	return scope.NewSet(names...)
}

// Whoever administers a resource may ask for any name on it: the size is
// refused before anything is proved.
func TestAskedScopeIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		scope string
		fits  bool
	}{
		"100 names":        {many(100, 20).String(), true},
		"101 names":        {many(101, 20).String(), false},
		"one name 101x":    {strings.Repeat("read:users ", 101), true}, // one name still
		"4096 bytes":       {"read:users" + strings.Repeat(" ", 4086), true},
		"4097 bytes":       {"read:users" + strings.Repeat(" ", 4087), false},
		"100 of 100 bytes": {many(100, 100).String(), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			_, err := b.ask(t, "scope", c.scope)
			if c.fits {
				must(t, err)
				return
			}
			wantCode(t, err, domain.CodeInvalidScope)
			if len(b.steps) != 1 || b.store.units != 0 {
				t.Errorf("proved or stored: %v", b.steps)
			}
		})
	}
}

// All that is held may be more than a token can say: the answer is a refusal
// to be acted on, and nothing is stored for it.
func TestHeldScopeMustFit(t *testing.T) {
	for name, apply := range map[string]func(*bench){
		"scopes": func(b *bench) { b.subject.Scopes = many(100, 100) },
		"roles":  func(b *bench) { b.subject.Roles = many(100, 100).Strings() },
	} {
		b := newBench(t)
		b.client = given.Client(func(s *client.Snapshot) { s.GrantTypes, s.IsFirstParty = []string{"flow"}, true })
		apply(b)
		_, err := b.ask(t)
		wantCode(t, err, domain.CodeInvalidScope)
		if b.store.units != 0 || b.codec.signed.ID != "" {
			t.Errorf("%s: stored or signed", name)
		}
		if name == "scopes" {
			_, err = b.ask(t, "scope", b.subject.Scopes[0:2].String())
			must(t, err)
		}
	}
}

// A chain never holds more than it was opened with; roles may have come since.
// Within the retry window the spent token still leads on, for a narrower scope.
func TestRefreshWithRolesThatDoNotFit(t *testing.T) {
	c := newChain(t, 10*time.Second)
	id, err := domain.ParseID(c.user.ID)
	must(t, err)
	c.user.Roles = many(100, 100).Strings()
	c.people.all[id] = c.user
	_, err = c.renew(t, c.first, "")
	wantCode(t, err, domain.CodeInvalidScope)
	if c.codec.signed.ID != "" {
		t.Error("signed")
	}
	c.user.Roles = nil
	c.people.all[id] = c.user
	_, err = c.renew(t, c.first, "")
	must(t, err)
}
