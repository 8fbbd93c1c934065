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

// foreignHashes are of "correct horse battery staple" and of "password", made by
// other tools, one for each scheme.
var foreignHashes = map[string]string{
	"$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8":           "password",
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4":          "password",
	"$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG":                                  "correct horse battery staple",
	"$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU":      "correct horse battery staple",
	"$pbkdf2-sha1$i=1000$AAECAwQFBgcICQoLDA0ODw$AOm/kOb/+YAZ3ZwSogYgNu9fO1g":                        "correct horse battery staple",
	"$pbkdf2-sha256$i=1000,l=32$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4": "correct horse battery staple",
	"$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4":        "correct horse battery staple",
	"$7$86..../....abcdefgh$1RBNkBQwN7UWeReXDJd5ti8S.o1muOH5i.Gnym1xKLD":                            "correct horse battery staple",
}

// RunHashFormats holds an implementation to outbound.HashFormats, together with
// the hasher that has to verify what it accepts.
func RunHashFormats(t *testing.T, open func(t *testing.T) (outbound.HashFormats, outbound.PasswordHasher)) {
	formats, hasher := open(t)
	t.Run("behaviour", func(t *testing.T) {
		t.Run("each scheme is accepted and verified", func(t *testing.T) {
			for encoded, password := range foreignHashes {
				ok(t, formats.Check(encoded))
				for tried, want := range map[string]bool{password: true, password + "r": false, "": false} {
					match, outdated, err := hasher.Verify(within(t), domain.NewSecret(tried), encoded)
					ok(t, err)
					if match != want || match && !outdated {
						t.Errorf("%q against %s: match %t, outdated %t", tried, encoded, match, outdated)
					}
				}
			}
		})
		t.Run("what is unknown or dear is refused and not quoted", func(t *testing.T) {
			const rest = "$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4"
			for _, encoded := range []string{
				"", "hunter2", "$1$salt$qJH7.N4xYta3aEG/dfqo/0", "$argon2d$v=19$m=256,t=2,p=1" + rest, "$argon2i$v=19$m=4194304,t=9,p=1" + rest,
				"$2b$31$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG", "$scrypt$ln=63,r=8,p=1" + rest, "$pbkdf2-sha256$i=1000000000" + rest,
			} {
				err := formats.Check(encoded)
				wantCode(t, err, domain.CodeInvalidInput)
				var e *domain.Error
				if errors.As(err, &e) && (len(e.Fields) != 1 || e.Fields[0].Name != "password_hash") {
					t.Errorf("%q: fields %+v", encoded, e.Fields)
				}
				wantSilent(t, err, encoded)
			}
		})
	})
}
