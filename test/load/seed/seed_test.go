package seed

import (
	"regexp"
	"testing"

	"github.com/keystone-auth/keystone/domain/token"
)

func TestNamesAndTokensAreFoundAgain(t *testing.T) {
	names, tokens := map[string]bool{}, map[string]bool{}
	allowed := regexp.MustCompile(`^[a-z]{6}-[0-9]+$`)
	for n := range 1000 {
		name, secret := Username(n), Token(n, 3)
		if !allowed.MatchString(name) || !token.WellFormed(token.RefreshPrefix, secret) {
			t.Fatalf("user %d: %q, %q", n, name, secret)
		}
		if name != Username(n) || secret != Token(n, 3) || secret == Token(n, 2) {
			t.Errorf("user %d is not the same twice", n)
		}
		names[name[:6]], tokens[secret] = true, true
	}
	if len(tokens) != 1000 || len(names) < 500 {
		t.Errorf("%d tokens and %d beginnings of names for 1000 users", len(tokens), len(names))
	}
}
