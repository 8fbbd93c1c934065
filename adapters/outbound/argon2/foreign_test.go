package argon2_test

import (
	"context"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/argon2"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

const horse = "correct horse battery staple"

// Made by other tools: bcrypt and $7$ by libxcrypt 4.4, scrypt and PBKDF2 by
// OpenSSL through Python's hashlib, Argon2i by the reference implementation
// (phc-winner-argon2, src/test.c), the first $7$ by its authors.
var vectors = map[string]struct{ password, encoded string }{
	"argon2i":               {"password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"},
	"bcrypt 2a":             {horse, "$2a$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"},
	"bcrypt 2b":             {horse, "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"},
	"bcrypt 2y":             {horse, "$2y$05$abcdefghijklmnopqrstuuFiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS"},
	"scrypt, crypt, slow":   {"pleaseletmein", "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D"},
	"scrypt, crypt":         {horse, "$7$86..../....abcdefgh$1RBNkBQwN7UWeReXDJd5ti8S.o1muOH5i.Gnym1xKLD"},
	"scrypt, PHC":           {horse, "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU"},
	"pbkdf2, PHC, length":   {horse, "$pbkdf2$i=1000,l=20$AAECAwQFBgcICQoLDA0ODw$AOm/kOb/+YAZ3ZwSogYgNu9fO1g"},
	"pbkdf2, crypt":         {horse, "$pbkdf2$1000$AAECAwQFBgcICQoLDA0ODw$AOm/kOb/.YAZ3ZwSogYgNu9fO1g"},
	"pbkdf2-sha1, PHC":      {horse, "$pbkdf2-sha1$i=1000$AAECAwQFBgcICQoLDA0ODw$AOm/kOb/+YAZ3ZwSogYgNu9fO1g"},
	"pbkdf2-sha256, PHC":    {horse, "$pbkdf2-sha256$i=1000,l=32$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4"},
	"pbkdf2-sha256, crypt":  {horse, "$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4"},
	"pbkdf2-sha512, PHC":    {horse, "$pbkdf2-sha512$i=1000$AAECAwQFBgcICQoLDA0ODw$A6AmFIti7CKlYdoPiV9jf1d9llp37o27Wms8Zx8fwMJGCOigJzAthOW3Pg+XF5PnNiYnsQsIz1N5NtynrEm78w"},
	"pbkdf2-sha512, crypt":  {horse, "$pbkdf2-sha512$1000$AAECAwQFBgcICQoLDA0ODw$A6AmFIti7CKlYdoPiV9jf1d9llp37o27Wms8Zx8fwMJGCOigJzAthOW3Pg.XF5PnNiYnsQsIz1N5NtynrEm78w"},
	"argon2id of elsewhere": {"password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
}

func TestHashFormatsKeepTheContract(t *testing.T) {
	contract.RunHashFormats(t, func(t *testing.T) (outbound.HashFormats, outbound.PasswordHasher) {
		return argon2.NewHashFormats(), hasher(t, cheap)
	})
}

func TestVerifiesHashesOfOtherTools(t *testing.T) {
	h, formats := hasher(t, cheap), argon2.NewHashFormats()
	for name, v := range vectors {
		t.Run(name, func(t *testing.T) {
			if err := formats.Check(v.encoded); err != nil {
				t.Errorf("Check() = %v", err)
			}
			match, outdated, err := h.Verify(context.Background(), domain.NewSecret(v.password), v.encoded)
			if err != nil || !match || !outdated {
				t.Errorf("Verify() = %v, %v, %v", match, outdated, err)
			}
			for _, wrong := range []string{"", v.password + "r", strings.ToUpper(v.password)} {
				if match, _, err := h.Verify(context.Background(), domain.NewSecret(wrong), v.encoded); err != nil || match {
					t.Errorf("Verify(%q) = %v, %v", wrong, match, err)
				}
			}
		})
	}
}

// What is typed reaches other systems' hashes as it is: they know no NFC.
func TestOtherToolsHashWhatIsTyped(t *testing.T) {
	// PBKDF2-HMAC-SHA-256 of "cafe" and a combining acute, by hashlib.
	const decomposed = "$pbkdf2-sha256$i=1000$AAECAwQFBgcICQoLDA0ODw$jJacIXMDBHMwmdMsm+FRvtL6aWRILpaslGdBOlfz8eM"
	for typed, want := range map[string]bool{"cafe\u0301": true, "caf\u00e9": false} {
		match, _, err := hasher(t, cheap).Verify(context.Background(), domain.NewSecret(typed), decomposed)
		if err != nil || match != want {
			t.Errorf("Verify(%q) = %v, %v", typed, match, err)
		}
	}
}

// Nothing of these is worked out: they are dear, damaged or not what they claim.
func TestHostileHashesAreRefusedUnseen(t *testing.T) {
	const salt, key = "AAECAwQFBgcICQoLDA0ODw", "ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4"
	h, formats := hasher(t, cheap), argon2.NewHashFormats()
	for name, encoded := range map[string]string{
		"empty": "", "plain": "hunter2", "md5 crypt": "$1$salt$qJH7.N4xYta3aEG/dfqo/0", "yescrypt": "$y$j9T$salt$hash", "argon2d": "$argon2d$v=19$m=256,t=2,p=1$" + salt + "$" + key,
		"argon2i, 4 GiB": "$argon2i$v=19$m=4194304,t=1,p=1$" + salt + "$" + key, "argon2i, no passes": "$argon2i$v=19$m=256,t=0,p=1$" + salt + "$" + key,
		"argon2i, old version": "$argon2i$v=16$m=256,t=2,p=1$" + salt + "$" + key, "argon2i, 64 passes of 256 MiB": "$argon2i$v=19$m=262144,t=64,p=1$" + salt + "$" + key,
		"argon2i, lanes beyond a byte": "$argon2i$v=19$m=8192,t=1,p=256$" + salt + "$" + key,
		"bcrypt 2x":                    "$2x$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG", "bcrypt, cost 31": "$2b$31$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
		"bcrypt, cost 3": "$2b$03$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG", "bcrypt, long": "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CGA",
		"bcrypt, a letter of base64": "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7+Lah/6CG", "bcrypt, cost 16": "$2b$16$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
		"scrypt, 1 GiB": "$scrypt$ln=20,r=8,p=1$" + salt + "$" + key, "scrypt, overflow": "$scrypt$ln=63,r=8,p=1$" + salt + "$" + key, "scrypt, many lanes": "$scrypt$ln=15,r=8,p=1024$" + salt + "$" + key,
		"scrypt, r 0": "$scrypt$ln=10,r=0,p=1$" + salt + "$" + key, "scrypt, ln 0": "$scrypt$ln=0,r=8,p=1$" + salt + "$" + key, "scrypt, more": "$scrypt$ln=10,r=8,p=1,x=1$" + salt + "$" + key,
		"$7$, dear": "$7$K6..../....abcdefgh$1RBNkBQwN7UWeReXDJd5ti8S.o1muOH5i.Gnym1xKLD", "$7$, huge r": "$7$8zzzzz/....abcdefgh$1RBNkBQwN7UWeReXDJd5ti8S.o1muOH5i.Gnym1xKLD",
		"$7$, short": "$7$8$1RBNkBQwN7UWeReXDJd5ti8S.o1muOH5i.Gnym1xKLD", "$7$, short key": "$7$86..../....abcdefgh$1RBN",
		"pbkdf2, a billion": "$pbkdf2-sha256$i=1000000000$" + salt + "$" + key, "pbkdf2, none": "$pbkdf2-sha256$i=0$" + salt + "$" + key, "pbkdf2-md5": "$pbkdf2-md5$i=1000$" + salt + "$" + key,
		"pbkdf2, another length": "$pbkdf2-sha256$i=1000,l=20$" + salt + "$" + key, "pbkdf2, no key": "$pbkdf2-sha256$i=1000$" + salt + "$", "pbkdf2, no salt": "$pbkdf2-sha256$i=1000$$" + key,
		"pbkdf2, two blocks": "$pbkdf2$i=1000$" + salt + "$" + key, "pbkdf2, leading zero": "$pbkdf2-sha256$i=01000$" + salt + "$" + key, "pbkdf2, padded": "$pbkdf2-sha256$i=1000$" + salt + "$" + key + "=",
		"argon2id, 4 GiB":  "$argon2id$v=19$m=4194304,t=64,p=1$" + salt + "$" + key,
		"nothing but size": "$pbkdf2-sha256$i=1000$" + strings.Repeat("A", 600) + "$" + key,
	} {
		t.Run(name, func(t *testing.T) {
			err := formats.Check(encoded)
			e := domain.AsError(err)
			if err == nil || e.Code != domain.CodeInvalidInput || len(e.Fields) != 1 || e.Fields[0].Name != "password_hash" || encoded != "" && strings.Contains(err.Error(), encoded) {
				t.Fatalf("Check() = %v", err)
			}
			if strings.HasPrefix(name, "argon2id") {
				return // what the installation itself may be configured to
			}
			if match, outdated, err := h.Verify(context.Background(), domain.NewSecret(horse), encoded); err != nil || match || outdated {
				t.Errorf("Verify() = %v, %v, %v", match, outdated, err)
			}
		})
	}
}

func FuzzHashFormats(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.encoded)
	}
	formats := argon2.NewHashFormats()
	f.Fuzz(func(t *testing.T, encoded string) {
		if err := formats.Check(encoded); err != nil && !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Errorf("Check(%q) = %v", encoded, err)
		}
	})
}

// The cost model behind makeUp, against the clock: go test -bench Foreign.
func BenchmarkForeign(b *testing.B) {
	h := hasher(b, argon2.Params{MemoryKiB: 64, Iterations: 1, Parallelism: 1})
	const salt, key = "AAECAwQFBgcICQoLDA0ODw", "ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4"
	for name, encoded := range map[string]string{
		"argon2id 19456x2": "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"bcrypt 10":        "$2b$10$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
		"scrypt 2^15":      "$scrypt$ln=15,r=8,p=1$" + salt + "$" + key,
		"pbkdf2-sha256":    "$pbkdf2-sha256$i=100000$" + salt + "$" + key,
		"pbkdf2-sha512":    "$pbkdf2-sha512$i=100000$" + salt + "$" + key,
		"pbkdf2-sha1":      "$pbkdf2$i=100000$" + salt + "$AOm/kOb/+YAZ3ZwSogYgNu9fO1g",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := h.Verify(context.Background(), domain.NewSecret(horse), encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
