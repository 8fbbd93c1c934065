package argon2_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/adapters/outbound/argon2"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

var cheap = argon2.Params{MemoryKiB: 64, Iterations: 1, Parallelism: 1}

func hasher(t testing.TB, params argon2.Params) *argon2.Hasher {
	t.Helper()
	h, err := argon2.New(params, 2, 8)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestContract(t *testing.T) {
	contract.RunPasswordHasher(t, func(t *testing.T) outbound.PasswordHasher { return hasher(t, cheap) })
}

func TestNewRefuses(t *testing.T) {
	for name, params := range map[string]argon2.Params{
		"nothing": {}, "no iterations": {MemoryKiB: 64, Parallelism: 1}, "no lanes": {MemoryKiB: 64, Iterations: 1},
		"under 8 KiB a lane": {MemoryKiB: 31, Iterations: 1, Parallelism: 4}, "over 4 GiB": {MemoryKiB: 4<<20 + 1, Iterations: 1, Parallelism: 1},
		"over 64 iterations": {MemoryKiB: 64, Iterations: 65, Parallelism: 1},
	} {
		if _, err := argon2.New(params, 1, 1); err == nil {
			t.Errorf("New(%s) succeeded", name)
		}
	}
	if _, err := argon2.New(cheap, 0, 1); err == nil {
		t.Error("New(concurrency 0) succeeded")
	}
	if _, err := argon2.New(cheap, 1, -1); err == nil {
		t.Error("New(queue -1) succeeded")
	}
}

func TestHashForm(t *testing.T) {
	encoded, err := hasher(t, argon2.Params{MemoryKiB: 128, Iterations: 3, Parallelism: 2}).Hash(context.Background(), domain.NewSecret("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || strings.Join(parts[:4], "$") != "$argon2id$v=19$m=128,t=3,p=2" {
		t.Fatalf("Hash() = %s", encoded)
	}
	for i, want := range map[int]int{4: 16, 5: 32} {
		if raw, err := base64.RawStdEncoding.DecodeString(parts[i]); err != nil || len(raw) != want {
			t.Errorf("part %d has %d bytes, %v; want %d", i, len(raw), err, want)
		}
	}
}

// Made by the reference implementation's test program (phc-winner-argon2,
// src/test.c): Argon2id, version 19, 256 KiB, two passes, one lane.
func TestVerifiesTheReferenceVector(t *testing.T) {
	const vector = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	match, outdated, err := hasher(t, cheap).Verify(context.Background(), domain.NewSecret("password"), vector)
	if err != nil || !match || !outdated {
		t.Errorf("Verify() = %v, %v, %v", match, outdated, err)
	}
}

func TestUnreadableHashesMatchNothing(t *testing.T) {
	h, password := hasher(t, cheap), domain.NewSecret("correct horse")
	good, err := h.Hash(context.Background(), password)
	if err != nil {
		t.Fatal(err)
	}
	salt, key := good[strings.LastIndex(good, ",p=1$")+5:][:22], good[len(good)-43:]
	phc := func(params, salt, key string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + key }
	if phc("m=64,t=1,p=1", salt, key) != good {
		t.Fatalf("the test takes %s apart wrongly", good)
	}
	for name, encoded := range map[string]string{
		"empty": "", "garbage": "hunter2", "another scheme": "$2b$10$abcdefghijklmnopqrstuv", "argon2i": strings.Replace(good, "argon2id", "argon2i", 1),
		"another version": strings.Replace(good, "v=19", "v=16", 1), "trailing parameter": phc("m=64,t=1,p=1,x=1", salt, key),
		"leading zero": phc("m=064,t=1,p=1", salt, key), "no iterations": phc("m=64,t=0,p=1", salt, key), "no lanes": phc("m=64,t=1,p=0", salt, key),
		"over 4 GiB": phc("m=4194305,t=1,p=1", salt, key), "65 iterations": phc("m=64,t=65,p=1", salt, key), "negative": phc("m=-64,t=1,p=1", salt, key),
		"overflow": phc("m=4294967360,t=1,p=1", salt, key), "too little memory": phc("m=7,t=1,p=1", salt, key),
		"no key": phc("m=64,t=1,p=1", salt, ""), "no salt": phc("m=64,t=1,p=1", "", key), "short key": phc("m=64,t=1,p=1", salt, key[:20]),
		"long key": phc("m=64,t=1,p=1", salt, strings.Repeat("A", 88)), "line break": phc("m=64,t=1,p=1", salt, key[:10]+"\n"+key[10:]), "trailing space": good + " ",
	} {
		t.Run(name, func(t *testing.T) {
			for _, candidate := range []string{"correct horse", ""} {
				match, outdated, err := h.Verify(context.Background(), domain.NewSecret(candidate), encoded)
				if err != nil || match || outdated {
					t.Errorf("Verify() = %v, %v, %v", match, outdated, err)
				}
			}
		})
	}
}

func TestOutdatedWhenAnyParameterDiffers(t *testing.T) {
	password := domain.NewSecret("correct horse")
	stored, err := hasher(t, cheap).Hash(context.Background(), password)
	if err != nil {
		t.Fatal(err)
	}
	for want, params := range map[bool][]argon2.Params{
		false: {cheap},
		true:  {{MemoryKiB: 128, Iterations: 1, Parallelism: 1}, {MemoryKiB: 64, Iterations: 2, Parallelism: 1}, {MemoryKiB: 64, Iterations: 1, Parallelism: 2}, {MemoryKiB: 32, Iterations: 1, Parallelism: 1}},
	} {
		for _, p := range params {
			if match, outdated, err := hasher(t, p).Verify(context.Background(), password, stored); err != nil || !match || outdated != want {
				t.Errorf("Verify() under %+v = %v, %v, %v; want outdated %v", p, match, outdated, err, want)
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	h := hasher(f, cheap)
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$")
	f.Add("$argon2id$v=19$m=64,t=0,p=0$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		if strings.Contains(encoded, "m=") && !strings.Contains(encoded, "m=64,t=1,") {
			t.Skip("dear")
		}
		if match, _, err := h.Verify(context.Background(), domain.NewSecret("hunter2"), encoded); match || err != nil {
			t.Errorf("Verify(%q) = %v, %v", encoded, match, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := hasher(b, argon2.Params{MemoryKiB: 19456, Iterations: 2, Parallelism: 1})
	stored, err := h.Hash(context.Background(), domain.NewSecret("correct horse"))
	if err != nil {
		b.Fatal(err)
	}
	for name, encoded := range map[string]string{"stored": stored, "absent": ""} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := h.Verify(context.Background(), domain.NewSecret("hunter2"), encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
