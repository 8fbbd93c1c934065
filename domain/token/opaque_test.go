package token_test

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestOpaqueForm(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		value := given.Opaque(token.RefreshPrefix).Reveal()
		if !token.WellFormed(token.RefreshPrefix, value) || strings.Trim(value, letters) != "" || seen[value] {
			t.Fatalf("%q", value)
		}
		if token.WellFormed(token.SecretPrefix, value) {
			t.Fatal("a refresh token passes for a client secret")
		}
		seen[value] = true
	}
	var zero, one [32]byte
	one[31] = 1
	if token.NewOpaque(token.RefreshPrefix, zero).Reveal() == token.NewOpaque(token.RefreshPrefix, one).Reveal() {
		t.Error("the last bit of entropy is lost")
	}
}

func TestBentOpaqueIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var entropy [32]byte
		copy(entropy[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "entropy"))
		value := token.NewOpaque(token.SecretPrefix, entropy).Reveal()
		i := rapid.IntRange(0, len(value)-1).Draw(t, "at")
		other := rapid.SampledFrom([]byte(letters+"+/=. \x00\n")).Filter(func(b byte) bool { return b != value[i] }).Draw(t, "letter")
		bent := []byte(value)
		bent[i] = other
		for _, bad := range []string{string(bent), value[:i], value[i+1:], value[:i] + value[i+1:], value[:i] + string(other) + value[i:], value + string(other)} {
			if token.WellFormed(token.SecretPrefix, bad) {
				t.Fatalf("%q, bent from %q, is well-formed", bad, value)
			}
		}
	})
}

// The decoder skips line breaks, so a value with one and the right checksum
// would be read as fewer bytes.
func TestLineBreaksAreNotWellFormed(t *testing.T) {
	body := token.ResetPrefix + strings.Repeat("A", 39) + "\n" + "AAA"
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body)))
	if value := body + base64.RawURLEncoding.EncodeToString(sum); token.WellFormed(token.ResetPrefix, value) {
		t.Errorf("%q is well-formed", value)
	}
}

func TestHoldsOpaque(t *testing.T) {
	for value, want := range map[string]bool{"ksr_x": true, "kss_": true, "ksd_a": true, "ksv_a": true, "ksp_a": true, "Bearer.ksr_x": true, "id-kss_x": true, "ksc_1": false, "": false, "my-request_1": false} {
		if token.HoldsOpaque(value) != want {
			t.Errorf("%q: want %t", value, want)
		}
	}
}

func FuzzWellFormed(f *testing.F) {
	value := token.NewOpaque(token.RefreshPrefix, [32]byte{1, 2, 3}).Reveal()
	for _, seed := range []string{"", value, value[:52], value + "\n", strings.ToUpper(value), "kss" + value[3:], strings.Repeat("\u00e9", 26) + "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !token.WellFormed(token.RefreshPrefix, s) {
			return
		}
		if len(s) != len(value) || !strings.HasPrefix(s, token.RefreshPrefix) || strings.Trim(s, letters) != "" {
			t.Fatalf("%q is well-formed", s)
		}
	})
}

func TestDigestIsSHA256InBase64URL(t *testing.T) {
	// The SHA-256 of "abc" (FIPS 180-2, appendix B.1).
	if got := token.DigestOf(domain.NewSecret("abc")); got != "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0" {
		t.Errorf("got %s", got)
	}
}
