package grants

import (
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/scope"
)

// Bounds of what is asked for. Whoever holds admin on a resource holds any
// name on it, so the names that exist bound nothing.
const (
	maxAskedNames = 100
	maxAskedBytes = 4096
)

// maxHeldBytes bounds the scope and the roles of a token together, in bytes:
// with all else that it says, and in base64, it then stays within what a codec
// signs and what servers take as a header.
const maxHeldBytes = 8 << 10

// parseAsked reads the scope parameter, after its size.
func parseAsked(raw string) (scope.Set, error) {
	if len(raw) > maxAskedBytes {
		return nil, askForLess()
	}
	asked, err := scope.ParseSet(raw)
	if err == nil && len(asked) > maxAskedNames {
		return nil, askForLess()
	}
	return asked, err
}

// checkSize refuses what would not fit a token, before anything is stored for
// it. A chain is opened within the bound and never gains a scope; only roles
// that its user gains can take it over, and the retry window then lets the
// client ask for less.
func checkSize(held scope.Set, roles []string) error {
	size := 0
	for _, name := range held {
		size += len(name) + 1
	}
	for _, role := range roles {
		size += len(role) + len(`"",`)
	}
	if size > maxHeldBytes {
		return domain.Invalid(domain.CodeInvalidScope, "all that is held does not fit a token: name the scopes that are wanted")
	}
	return nil
}

func askForLess() error {
	return domain.Invalid(domain.CodeInvalidScope, "the scope asks for too much: at most 100 names in 4096 bytes")
}
