package strength

import (
	"context"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/trustelem/zxcvbn"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

func TestContract(t *testing.T) {
	contract.RunPasswordJudge(t, func(*testing.T) outbound.PasswordJudge { return New() })
}

func judge(t testing.TB, password string, words ...string) (score int, common bool, feedback []string) {
	t.Helper()
	s, err := New().Judge(t.Context(), domain.NewSecret(password), words)
	if err != nil {
		t.Fatal(err)
	}
	return s.Score, s.Common, s.Feedback
}

// USR-09 and USR-10, and each kind of part.
func TestScores(t *testing.T) {
	for password, c := range map[string]struct {
		least, most int
		common      bool
	}{
		"correct horse battery staple":   {3, 4, false},
		"kqzvwmtpyxbfrdhgnlsj":           {3, 4, false},
		"ein kleiner Esel im Nebel":      {3, 4, false},
		"":                               {0, 0, false},
		"passwordpassword":               {0, 0, true},
		"PASSWORDpassword":               {0, 1, true},
		"qwertyuiop12345":                {0, 1, true},
		"dragon1234567890":               {0, 1, true},
		"p@ssw0rdp@ssw0rd":               {0, 1, true},
		"drowssapdrowssap":               {0, 1, true},
		"abcdefghijklmnopqrst":           {0, 0, false},
		"97531975319753197531":           {0, 1, false},
		"1qaz2wsx3edc4rfv":               {0, 2, true},
		"zxcvbnm,./asdfghjkl;'":          {0, 2, false},
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {0, 0, false},
		"1987198719871987":               {0, 1, false},
		"alicealicealicealice":           {0, 1, false},
		strings.Repeat("é", 40):          {0, 1, false},
		strings.Repeat("日本", 36):         {0, 1, false},
	} {
		score, common, feedback := judge(t, password, "alice", "alice@example.com", "example")
		if score < c.least || score > c.most || common != c.common {
			t.Errorf("%q: %d, common %v; want %d to %d, %v", password, score, common, c.least, c.most, c.common)
		}
		if (len(feedback) == 0) != (score == 4) {
			t.Errorf("%q: score %d with feedback %v", password, score, feedback)
		}
	}
}

// TestLikeTheReference: the finders are our own, so random passwords of likely
// parts are judged by the library as a whole too.
func TestLikeTheReference(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	parts := []string{"correct", "Horse", "p4ssw0rd", "qwerty", "asdf", "1987", "abcd", "zzzz", "k9#", "xV", "nhoj", "dragon", "!", "77", "Staple", " ", "lmnop"}
	for range 300 {
		var b strings.Builder
		for range 1 + r.Intn(5) {
			b.WriteString(parts[r.Intn(len(parts))])
		}
		password := b.String()
		score, _, _ := judge(t, password)
		want := zxcvbn.PasswordStrength(password, nil).Score
		if score < want-1 || score > want+1 {
			t.Errorf("%q: %d, the reference says %d", password, score, want)
		}
	}
}

func TestHugePasswordsAreCut(t *testing.T) {
	huge := strings.Repeat("correct horse ", 1<<16)
	score, _, _ := judge(t, huge)
	if short, _, _ := judge(t, huge[:looked]); short != score {
		t.Errorf("scores %d and %d", score, short)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	j := New()
	for range cap(j.slots) {
		j.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := j.Judge(ctx, domain.NewSecret("x"), nil); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("got %v", err)
	}
}

func FuzzJudge(f *testing.F) {
	for _, seed := range []string{"", "a", "\xff", "\x00\x00", "é́é", strings.Repeat("aB", 50), "4@(1!|0$+%2", "日本語日本語", "1\x80\xbf2"} {
		f.Add(seed, "alice")
	}
	f.Fuzz(func(t *testing.T, password, word string) {
		score, _, _ := judge(t, password, word)
		if again, _, _ := judge(t, password, word); score < 0 || score > 4 || again != score {
			t.Errorf("%q: %d, then %d", password, score, again)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	j, words := New(), []string{"keystone", "alice", "alice@example.com"}
	for name, password := range map[string]string{
		"words": "correct horse battery staple", "72 random": strings.Repeat("kqzvwmtpyxbfrdhgnlsj7%", 4)[:72], "72 alike": strings.Repeat("a", 72),
		"72 disguised": strings.Repeat("p4$$w0rd1!", 8)[:72],
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := j.Judge(b.Context(), domain.NewSecret(password), words); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
