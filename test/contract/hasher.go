package contract

import (
	"errors"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// foreignHash is "correct horse battery staple" under parameters that nobody
// configures: m=8200, t=3, p=1.
const foreignHash = "$argon2id$v=19$m=8200,t=3,p=1$/igBMrQ5wUrRxufFs5cXtQ$r/if8PT8FZ+hx9y5WAOv2WgYVgKMEhxWqiXP5FdeVlk"

// RunPasswordHasher holds an implementation to outbound.PasswordHasher.
func RunPasswordHasher(t *testing.T, open func(t *testing.T) outbound.PasswordHasher) {
	h := open(t)
	hash := func(t *testing.T, password string) string {
		t.Helper()
		encoded, err := h.Hash(within(t), domain.NewSecret(password))
		ok(t, err)
		return encoded
	}
	verify := func(t *testing.T, password, encoded string, wantMatch, wantOutdated bool) {
		t.Helper()
		match, outdated, err := h.Verify(within(t), domain.NewSecret(password), encoded)
		ok(t, err)
		if match != wantMatch || match && outdated != wantOutdated {
			t.Errorf("match %t, outdated %t, want %t, %t", match, outdated, wantMatch, wantOutdated)
		}
	}
	t.Run("behaviour", func(t *testing.T) {
		t.Run("a hash is an Argon2id PHC string with a salt of its own", func(t *testing.T) {
			one, two := hash(t, "correct horse"), hash(t, "correct horse")
			if !strings.HasPrefix(one, "$argon2id$v=19$m=") || len(strings.Split(one, "$")) != 6 {
				t.Errorf("got %s", one)
			}
			if one == two {
				t.Error("equal passwords show")
			}
			if strings.Contains(one, "correct") {
				t.Error("the password shows")
			}
		})
		t.Run("the password matches and near misses do not", func(t *testing.T) {
			encoded := hash(t, "Correct horse")
			verify(t, "Correct horse", encoded, true, false)
			for _, miss := range []string{"", "correct horse", "Correct horse ", " Correct horse", "Correct hors", "Correct horse\x00", "Correct horsf"} {
				verify(t, miss, encoded, false, false)
			}
		})
		t.Run("long passwords count to their last byte", func(t *testing.T) {
			long := strings.Repeat("p", 1000)
			encoded := hash(t, long+"a")
			verify(t, long+"a", encoded, true, false)
			verify(t, long+"b", encoded, false, false)
		})
		t.Run("composed and decomposed text are one password", func(t *testing.T) {
			verify(t, "cafe\u0301 au lait", hash(t, "caf\u00e9 au lait"), true, false)
			verify(t, "caf\u00e9 au lait", hash(t, "cafe\u0301 au lait"), true, false)
			verify(t, "fi", hash(t, "\ufb01"), false, false) // NFC, not NFKC
		})
		t.Run("other parameters match and are outdated", func(t *testing.T) {
			verify(t, "correct horse battery staple", foreignHash, true, true)
			verify(t, "correct horse battery stapler", foreignHash, false, false)
		})
		t.Run("an unreadable hash matches nothing", func(t *testing.T) {
			good := hash(t, "correct horse")
			parts := strings.Split(good, "$")
			for _, encoded := range []string{
				"", "correct horse", "$", "$$$$$", "$argon2id$", good[:len(good)-1], good[:len(good)/2], good + "A", good + "$", " " + good,
				strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
				strings.Replace(good, parts[3], "m=0,t=0,p=0", 1), strings.Replace(good, parts[3], "m=4294967295,t=4294967295,p=255", 1),
				strings.Replace(good, parts[4], "", 1), strings.Replace(good, parts[5], "", 1),
				"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
			} {
				verify(t, "correct horse", encoded, false, false)
				verify(t, "", encoded, false, false)
			}
		})
		t.Run("an ended context is an error", func(t *testing.T) {
			_, err := h.Hash(ended(t), domain.NewSecret("correct horse"))
			wantStopped(t, "Hash", err)
			_, _, err = h.Verify(ended(t), domain.NewSecret("correct horse"), "")
			wantStopped(t, "Verify", err)
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("64 at once: each is right, or told that it is busy and when to come back", func(t *testing.T) {
			encoded := hash(t, "correct horse")
			right := 0
			for _, err := range race(64, func(i int) error {
				password := []string{"correct horse", "wrong horse"}[i%2]
				match, _, err := h.Verify(within(t), domain.NewSecret(password), encoded)
				if err == nil && match != (i%2 == 0) {
					return errors.New("the wrong verdict")
				}
				return err
			}) {
				if err == nil {
					right++
					continue
				}
				wantCode(t, err, domain.CodeBusy)
				wantKind(t, err, domain.KindUnavailable)
				if domain.AsError(err).RetryAfter <= 0 {
					t.Error("it does not tell when to come back")
				}
			}
			if right == 0 {
				t.Error("none was answered")
			}
		})
	})
}
