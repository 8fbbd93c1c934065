package outbound

import (
	"context"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// PasswordJudge tells how hard passwords are to guess.
type PasswordJudge interface {
	// Judge judges a password of valid UTF-8; words are what an attacker who
	// knows the account would try. It is bounded in time, whatever the length,
	// and in how much it takes from others. Given up while waiting:
	// KindUnavailable.
	Judge(ctx context.Context, password domain.Secret, words []string) (user.Strength, error)
}

// FormerPasswords stores the hashes that passwords had before they were
// replaced, inside a unit of work.
type FormerPasswords interface {
	// Add stores one and drops all of the user's but the newest keep.
	Add(ctx context.Context, userID domain.ID, passwordHash string, now time.Time, keep int) error
}

// PasswordHistory reads them, on the primary.
type PasswordHistory interface {
	// Recent gives up to limit hashes of a user, newest first.
	Recent(ctx context.Context, userID domain.ID, limit int) ([]string, error)
}
