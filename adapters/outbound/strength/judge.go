package strength

import (
	"context"
	"runtime"
	"time"

	"github.com/trustelem/zxcvbn/match"
	"github.com/trustelem/zxcvbn/scoring"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// looked is how many code points are looked at: more only cost time, and what
// is strong so far stays strong.
const looked = 72

// Judge is an outbound.PasswordJudge.
type Judge struct{ slots chan struct{} }

var _ outbound.PasswordJudge = (*Judge)(nil)

// New makes a judge that leaves half of the processors to others.
func New() *Judge { return &Judge{slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))} }

// Judge implements the port.
func (j *Judge) Judge(ctx context.Context, password domain.Secret, words []string) (user.Strength, error) {
	if err := ctx.Err(); err != nil { // a free slot may be as ready as the end
		return user.Strength{}, domain.Unavailable(err, time.Second)
	}
	select {
	case j.slots <- struct{}{}:
		defer func() { <-j.slots }()
	case <-ctx.Done():
		return user.Strength{}, domain.Unavailable(ctx.Err(), time.Second)
	}
	plain := password.Reveal()
	e := estimator{words: ranked(words), dictionary: dictionary()}
	guesses, parts := e.estimate(bytewise(plain, looked))
	strength := user.Strength{Score: score(guesses), Common: common(plain)}
	if strength.Score < user.MaxScore {
		strength.Feedback = feedback(parts)
	}
	return strength, nil
}

// estimator holds what one password is judged against.
type estimator struct {
	words, dictionary map[string]int
}

// estimate gives the number of guesses, and the parts the password is made of.
func (e estimator) estimate(password string) (float64, []*match.Match) {
	lower := lowered(password)
	var found []*match.Match
	for _, known := range []map[string]int{e.words, e.dictionary} {
		found = append(found, plainWords(password, lower, known)...)
		found = append(found, reversedWords(password, lower, known)...)
		found = append(found, disguisedWords(password, lower, known)...)
	}
	found = append(found, rows(password)...)
	found = append(found, sequences(password)...)
	found = append(found, e.repetitions(password)...)
	found = append(found, years(password)...)
	result := scoring.MostGuessableMatchSequence(password, found, false)
	return result.Guesses, result.Sequence
}

// score is the scale of zxcvbn: each step says which attack still succeeds.
func score(guesses float64) int {
	const delta = 5
	score := 0
	for _, limit := range []float64{1e3, 1e6, 1e8, 1e10} {
		if guesses >= limit+delta {
			score++
		}
	}
	return score
}

// bytewise writes a text as one byte for each code point. What is not ASCII
// becomes a continuation byte, which stands for itself alone: it is in no word
// and on no key, but still repeats where the text does.
func bytewise(text string, limit int) string {
	out := make([]byte, 0, limit)
	for _, r := range text {
		if len(out) == limit {
			break
		}
		if r >= 0x80 {
			r = 0x80 | r&0x3f
		}
		out = append(out, byte(r))
	}
	return string(out)
}

// lowered lowers ASCII letters and leaves every other byte, so that places in
// both texts are the same.
func lowered(text string) string {
	out := []byte(text)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

// feedback says what to do about the weakest kind of part.
func feedback(parts []*match.Match) []string {
	advice := []string{"Use a few words that are not usually said together."}
	seen := map[string]bool{}
	for _, part := range parts {
		if text := byPattern[part.Pattern]; text != "" && !seen[text] {
			seen[text] = true
			advice = append(advice, text)
		}
	}
	return advice
}

var byPattern = map[string]string{
	"dictionary": "Common words, names and passwords are guessed first, also backwards and with look-alike characters.",
	"spatial":    "Rows of keys are easy to guess.",
	"sequence":   "Sequences such as abc or 6543 are easy to guess.",
	"repeat":     "Repetitions hardly make a password harder to guess.",
	"regex":      "Years are easy to guess.",
}
