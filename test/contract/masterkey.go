package contract

import (
	"bytes"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RunMasterKey holds an implementation to outbound.MasterKey. open gives a key,
// a new one with that key as its previous, and one that knows neither.
func RunMasterKey(t *testing.T, open func(t *testing.T) (current, rotated, stranger outbound.MasterKey)) {
	current, rotated, stranger := open(t)
	seal := func(t *testing.T, k outbound.MasterKey, plain []byte) []byte {
		t.Helper()
		sealed, err := k.Seal("purpose", plain)
		ok(t, err)
		return sealed
	}
	derive := func(t *testing.T, k outbound.MasterKey, id, purpose, data string) [32]byte {
		t.Helper()
		sum, err := k.Derive(id, purpose, []byte(data))
		ok(t, err)
		return sum
	}
	t.Run("behaviour", func(t *testing.T) {
		t.Run("ids name keys and stay", func(t *testing.T) {
			again, _, _ := open(t)
			if current.ID() == "" || current.ID() == rotated.ID() || current.ID() == stranger.ID() || rotated.ID() == stranger.ID() {
				t.Errorf("ids %q, %q, %q", current.ID(), rotated.ID(), stranger.ID())
			}
			same(t, "id", again.ID(), current.ID())
		})
		t.Run("what is sealed is opened", func(t *testing.T) {
			for _, plain := range [][]byte{[]byte("plain"), {0}, {}, nil, bytes.Repeat([]byte{0xa5}, 100_000)} {
				sealed := seal(t, current, plain)
				if len(plain) > 1 && bytes.Contains(sealed, plain) {
					t.Error("it is not encrypted")
				}
				opened, err := current.Open("purpose", sealed)
				ok(t, err)
				same(t, "opened", opened, plain)
			}
		})
		t.Run("sealing twice gives two forms", func(t *testing.T) {
			if bytes.Equal(seal(t, current, []byte("plain")), seal(t, current, []byte("plain"))) {
				t.Error("equal plain texts show")
			}
		})
		t.Run("the previous key still opens, the new one not backwards", func(t *testing.T) {
			opened, err := rotated.Open("purpose", seal(t, current, []byte("plain")))
			ok(t, err)
			same(t, "opened", string(opened), "plain")
			_, err = current.Open("purpose", seal(t, rotated, []byte("plain")))
			wantKind(t, err, domain.KindInternal)
		})
		t.Run("another key or purpose is KindInternal and tells nothing", func(t *testing.T) {
			sealed := seal(t, current, []byte("the plain text"))
			_, err := stranger.Open("purpose", sealed)
			wantKind(t, err, domain.KindInternal)
			for _, purpose := range []string{"", "Purpose", "purpose ", "purpos"} {
				_, err = current.Open(purpose, sealed)
				wantKind(t, err, domain.KindInternal)
				if err != nil && strings.Contains(err.Error(), "plain text") {
					t.Error("the error tells the plain text")
				}
			}
		})
		t.Run("every changed byte is KindInternal", func(t *testing.T) {
			sealed := seal(t, current, []byte("plain"))
			for i := range sealed {
				for _, flip := range []byte{1, 0x80} {
					bent := bytes.Clone(sealed)
					bent[i] ^= flip
					_, err := rotated.Open("purpose", bent)
					wantKind(t, err, domain.KindInternal)
				}
			}
		})
		t.Run("every other length is KindInternal", func(t *testing.T) {
			sealed := seal(t, current, []byte("plain"))
			for n := range sealed {
				_, err := current.Open("purpose", sealed[:n])
				wantKind(t, err, domain.KindInternal)
			}
			_, err := current.Open("purpose", append(bytes.Clone(sealed), 0))
			wantKind(t, err, domain.KindInternal)
			_, err = current.Open("purpose", nil)
			wantKind(t, err, domain.KindInternal)
		})
		t.Run("a derivation is the same each time and for each holder of the key", func(t *testing.T) {
			want := derive(t, current, current.ID(), "purpose", "data")
			same(t, "again", derive(t, current, current.ID(), "purpose", "data"), want)
			same(t, "by the successor", derive(t, rotated, current.ID(), "purpose", "data"), want)
		})
		t.Run("key, purpose and data each change it", func(t *testing.T) {
			seen := map[[32]byte]string{{}: "nothing"}
			for name, sum := range map[string][32]byte{
				"as it is":           derive(t, current, current.ID(), "purpose", "data"),
				"another key":        derive(t, rotated, rotated.ID(), "purpose", "data"),
				"another's key":      derive(t, stranger, stranger.ID(), "purpose", "data"),
				"another purpose":    derive(t, current, current.ID(), "purpose2", "data"),
				"no purpose":         derive(t, current, current.ID(), "", "data"),
				"other data":         derive(t, current, current.ID(), "purpose", "data2"),
				"no data":            derive(t, current, current.ID(), "purpose", ""),
				"the boundary moved": derive(t, current, current.ID(), "purposed", "ata"),
			} {
				if other, twice := seen[sum]; twice {
					t.Errorf("%s equals %s", name, other)
				}
				seen[sum] = name
			}
		})
		t.Run("an unknown key is KindInternal", func(t *testing.T) {
			for _, id := range []string{"", "unknown", stranger.ID(), rotated.ID()} {
				_, err := current.Derive(id, "purpose", nil)
				wantKind(t, err, domain.KindInternal)
			}
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("32 that use new purposes at once: all agree", func(t *testing.T) {
			want := derive(t, current, current.ID(), "shared", "data")
			wantAll(t, race(32, func(i int) error {
				purpose := strings.Repeat("p", 1+i/4)
				sealed, err := current.Seal(purpose, []byte("plain"))
				if err != nil {
					return err
				}
				if _, err = rotated.Open(purpose, sealed); err != nil {
					return err
				}
				sum, err := rotated.Derive(current.ID(), "shared", []byte("data"))
				same(t, "derived", sum, want)
				return err
			}))
		})
	})
}
