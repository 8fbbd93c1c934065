package masterkey_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/masterkey"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

var random = system.NewRandom()

func secretOf(b byte) domain.Secret {
	return domain.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
}

// Of the key that is 32 times the byte 1; id and sum as RFC 5869 and RFC 2104 give them elsewhere.
const (
	storedID   = "bc8ead02"
	storedSum  = "5c625d897c9c2d9e1b864eb8d7d39d7718531754801d5b1d6c547f54b7032e89"
	storedSeal = "AbyOrQJfs6poiGsmVNIRzOKYzn5TTt2q+MS+R2Avw4e+e+faT9g="
)

func open(t testing.TB, current, previous domain.Secret) *masterkey.MasterKey {
	t.Helper()
	m, err := masterkey.New(current, previous, random)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNewReadsEveryBase64(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xff}, 16) // has both letters that the alphabets differ in
	id := open(t, domain.NewSecret(base64.StdEncoding.EncodeToString(raw)), domain.Secret{}).ID()
	for _, text := range []string{
		base64.RawStdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(raw), " " + base64.StdEncoding.EncodeToString(raw) + "\r\n",
	} {
		if got := open(t, domain.NewSecret(text), domain.Secret{}).ID(); got != id || len(id) != 8 {
			t.Errorf("New(%q).ID() = %q, want %q", text, got, id)
		}
	}
}

func TestNewRefusesWithoutEchoing(t *testing.T) {
	good := secretOf(1).Reveal()
	for name, text := range map[string]string{
		"empty": "", "blank": "  \n", "not base64": "hunter2!" + good[8:], "short": good[:42], "31 bytes": base64.StdEncoding.EncodeToString(make([]byte, 31)),
		"33 bytes": base64.StdEncoding.EncodeToString(make([]byte, 33)), "hex": strings.Repeat("ab", 32), "two paddings": good + "=",
		"inner line break": good[:20] + "\n" + good[20:40], "loose bits": good[:42] + "F=", "inner padding": good[:20] + "=" + good[21:],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := masterkey.New(domain.NewSecret(text), domain.Secret{}, random)
			if err == nil || !strings.HasPrefix(err.Error(), "the master key ") {
				t.Fatalf("New() = %v", err)
			}
			if s := strings.TrimSpace(text); s != "" && strings.Contains(err.Error(), s[:8]) {
				t.Errorf("the error echoes the value: %v", err)
			}
			if text == "" {
				return // no previous key is no mistake
			}
			if _, err := masterkey.New(secretOf(1), domain.NewSecret(text), random); err == nil || !strings.HasPrefix(err.Error(), "the previous master key ") {
				t.Errorf("New(previous) = %v", err)
			}
		})
	}
}

func TestContract(t *testing.T) {
	contract.RunMasterKey(t, func(t *testing.T) (current, rotated, stranger outbound.MasterKey) {
		return open(t, secretOf(1), domain.Secret{}), open(t, secretOf(2), secretOf(1)), open(t, secretOf(3), domain.Secret{})
	})
}

func TestOneKeyAsCurrentAndPrevious(t *testing.T) {
	m := open(t, secretOf(1), secretOf(1))
	sealed, err := m.Seal("p", []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Open("p", sealed); err != nil || string(got) != "plain" {
		t.Errorf("Open() = %q, %v", got, err)
	}
}

// The forms below are stored in databases: a change here makes them unreadable.
func TestStoredFormsStay(t *testing.T) {
	m := open(t, secretOf(1), domain.Secret{})
	sum, err := m.Derive(m.ID(), "purpose", []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := base64.StdEncoding.DecodeString(storedSeal)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := m.Open("purpose", sealed)
	got := fmt.Sprintf("%s %x %s %v", m.ID(), sum, plain, err)
	if want := storedID + " " + storedSum + " plain <nil>"; got != want {
		t.Errorf("stored forms changed:\n got %s\nwant %s", got, want)
	}
}

func TestGenerate(t *testing.T) {
	a, b := masterkey.Generate(random), masterkey.Generate(random)
	if a.Equal(b) || open(t, a, domain.Secret{}).ID() == open(t, b, domain.Secret{}).ID() {
		t.Error("Generate() gave one key twice")
	}
}

func BenchmarkDerive(b *testing.B) {
	m := open(b, secretOf(1), secretOf(2))
	data, id := []byte("ksr_0123456789012345678901234567890123456789012345678"), m.ID()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Derive(id, "refresh successor", data); err != nil {
			b.Fatal(err)
		}
	}
}
