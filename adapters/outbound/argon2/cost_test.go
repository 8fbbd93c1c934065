package argon2

import (
	"context"
	"testing"

	"github.com/alexedwards/argon2id"
	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
)

func works(all ...argon2id.Params) (sum int64) {
	for _, p := range all {
		sum += work(p)
	}
	return sum
}

// After the parameters were raised a wrong password costs what a name of nobody
// costs, whenever the hash was made.
func TestMismatchMakesUpForACheaperHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) argon2id.Params {
			lanes := rapid.Uint8Range(1, 4).Draw(t, name+" lanes")
			return argon2id.Params{
				Memory: rapid.Uint32Range(8*uint32(lanes), 1<<20).Draw(t, name+" memory"), Iterations: rapid.Uint32Range(1, maxIterations).Draw(t, name+" iterations"),
				Parallelism: lanes, SaltLength: saltLength, KeyLength: keyLength,
			}
		}
		stored, now := draw("stored"), draw("now")
		rest := missing(work(stored), now)
		got, want := works(append(rest, stored)...), max(work(now), work(stored))
		if smallest := 8 * int64(now.Parallelism); got > want || got <= want-smallest {
			t.Fatalf("%+v under %+v costs %d, want %d", stored, now, got, want)
		}
		for _, p := range rest {
			if !affordable(&p) || p.Memory > now.Memory {
				t.Fatalf("%+v under %+v: %+v can't be worked out, or not in the memory that is counted", stored, now, p)
			}
		}
	})
}

func TestVerifySpendsWhatIsMissing(t *testing.T) {
	old, err := New(Params{MemoryKiB: 64, Iterations: 1, Parallelism: 1}, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := old.Hash(context.Background(), domain.NewSecret("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		password, encoded string
		spent             int64
	}{
		"a wrong password":                  {"wrong", stored, 3*128 - 64},
		"the right one, which is rehashed":  {"correct horse", stored, 0},
		"nobody's, at full cost as it is":   {"wrong", "", 0},
		"unreadable, at full cost as it is": {"wrong", "$argon2id$", 0},
	} {
		raised, err := New(Params{MemoryKiB: 128, Iterations: 3, Parallelism: 1}, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		var spent int64
		raised.spend = func(_ string, p *argon2id.Params) { spent += work(*p) }
		if _, _, err := raised.Verify(context.Background(), domain.NewSecret(c.password), c.encoded); err != nil || spent != c.spent {
			t.Errorf("%s: spent %d, want %d (%v)", name, spent, c.spent, err)
		}
	}
}
