package contract

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RunPasswordJudge holds an implementation to outbound.PasswordJudge.
func RunPasswordJudge(t *testing.T, open func(t *testing.T) outbound.PasswordJudge) {
	j := open(t)
	judge := func(t *testing.T, password string, words ...string) user.Strength {
		t.Helper()
		strength, err := j.Judge(within(t), domain.NewSecret(password), words)
		ok(t, err)
		return strength
	}
	const good = "q7#Vmarmalade-Tundra_95xO"
	t.Run("behaviour", func(t *testing.T) {
		t.Run("scores stay on the scale", func(t *testing.T) {
			for _, password := range []string{"", "a", "password", good, strings.Repeat("ab", 100), "pässwört-日本語-🔑", "\u0000\u0001"} {
				if s := judge(t, password); s.Score < 0 || s.Score > user.MaxScore {
					t.Errorf("%q scores %d", password, s.Score)
				}
			}
		})
		t.Run("what everybody takes is common and weak", func(t *testing.T) {
			for _, password := range []string{"password", "123456789", "qwertyuiop"} {
				if s := judge(t, password); !s.Common || s.Score > 1 {
					t.Errorf("%q is judged %+v", password, s)
				}
			}
		})
		t.Run("what nobody guesses has the best score", func(t *testing.T) {
			if s := judge(t, good); s.Common || s.Score != user.MaxScore {
				t.Errorf("judged %+v", s)
			}
		})
		t.Run("words of the account weaken it", func(t *testing.T) {
			const password = "rumpelstiltskinsson"
			with, without := judge(t, password, "rumpelstiltskinsson"), judge(t, password)
			if with.Score >= without.Score || with.Score > 1 {
				t.Errorf("with its word %d, without %d", with.Score, without.Score)
			}
		})
		t.Run("a weak one is told what to do", func(t *testing.T) {
			if s := judge(t, "aaaaaaaaaaaaaaa"); s.Score >= user.MaxScore || len(s.Feedback) == 0 {
				t.Errorf("judged %+v", s)
			}
		})
		t.Run("the words are the caller's own", func(t *testing.T) {
			words := []string{"Zebra", "Alice", "zebra"}
			judge(t, good, words...)
			if !slices.Equal(words, []string{"Zebra", "Alice", "zebra"}) {
				t.Errorf("the words are now %q", words)
			}
		})
		t.Run("a megabyte is judged too", func(t *testing.T) {
			judge(t, strings.Repeat("correct horse battery staple ", 40_000), strings.Repeat("w", 10_000))
		})
		t.Run("an ended context is not waited in", func(t *testing.T) {
			_, err := j.Judge(ended(t), domain.NewSecret(good), nil)
			wantKind(t, err, domain.KindUnavailable)
			wantSilent(t, err, good)
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("20 at once: all are judged as one is", func(t *testing.T) {
			alone := judge(t, "tangerine-walrus", "walrus")
			wantAll(t, race(20, func(int) error {
				s, err := j.Judge(within(t), domain.NewSecret("tangerine-walrus"), []string{"walrus"})
				if err == nil && (s.Score != alone.Score || s.Common != alone.Common) {
					err = fmt.Errorf("judged %+v, alone %+v", s, alone)
				}
				return err
			}))
		})
	})
}
