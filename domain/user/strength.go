package user

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keystone-auth/keystone/domain"
)

// MaxScore is the best of the scores of zxcvbn; the worst is 0.
const MaxScore = 4

// Strength is what a judge says of a password.
type Strength struct {
	Score    int  // 0 to MaxScore
	Common   bool // it is on a list of common passwords, or hardly more than one of them
	Feedback []string
}

// Class is a kind of character that a policy may require.
type Class string

// The classes.
const (
	ClassUpper   Class = "upper"
	ClassLower   Class = "lower"
	ClassDigit   Class = "digit"
	ClassSpecial Class = "special" // neither a letter nor a digit
)

// Classes lists them all.
func Classes() []Class { return []Class{ClassUpper, ClassLower, ClassDigit, ClassSpecial} }

func (c Class) holds(r rune) bool {
	switch c {
	case ClassUpper:
		return unicode.IsUpper(r)
	case ClassLower:
		return unicode.IsLower(r)
	case ClassDigit:
		return unicode.IsDigit(r)
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

var classNames = map[Class]string{
	ClassUpper: "an upper-case letter", ClassLower: "a lower-case letter", ClassDigit: "a digit", ClassSpecial: "a character that is neither letter nor digit",
}

// composition names the required classes that a password lacks.
func (p PasswordPolicy) composition(field, plain string) []domain.Field {
	var fields []domain.Field
	for _, class := range p.Require {
		if !strings.ContainsFunc(plain, class.holds) {
			fields = append(fields, domain.Field{Name: field, Code: "missing_" + string(class), Message: "must have " + classNames[class]})
		}
	}
	return fields
}

// product is a word that is guessed at every installation.
const product = "keystone"

// Words are what an attacker who knows the account guesses first: its names,
// the address and its local part, and the name of the product.
//
// They may come from input that no rule has held yet: what is too long for any
// account is left out, so that it costs nothing.
func Words(username Username, email Email, p Profile) []string {
	if len(username) > maxUsername {
		username = ""
	}
	if len(email) > maxEmail {
		email = ""
	}
	local, _, _ := strings.Cut(email.Folded(), "@")
	words := []string{product, username.Folded(), email.Folded(), local}
	for _, name := range []string{p.FirstName, p.LastName, p.DisplayName} {
		if len(name) > maxName*utf8.UTFMax {
			continue
		}
		folded := domain.Fold(name)
		words = append(append(words, folded), strings.Fields(folded)...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return slices.DeleteFunc(words, func(word string) bool { return word == "" })
}

// What a password must have besides the words of its account, in letters, and
// which words are too short to be told from chance.
const (
	enoughBesides = 6
	shortestWord  = 4
)

// personal tells whether a password is a word of the account, or hardly more
// than some of them.
func personal(plain string, words []string) bool {
	folded := domain.Fold(plain)
	if slices.Contains(words, folded) {
		return true
	}
	longestFirst := slices.Clone(words)
	slices.SortFunc(longestFirst, func(a, b string) int { return len(b) - len(a) })
	rest := folded
	for _, word := range longestFirst {
		if utf8.RuneCountInString(word) >= shortestWord {
			rest = strings.ReplaceAll(rest, word, " ")
		}
	}
	if rest == folded {
		return false
	}
	letters := 0
	for _, r := range rest {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters < enoughBesides
}

// Judged reports what a judge's verdict means under the policy. A common
// password is refused however low the bar is.
func (p PasswordPolicy) Judged(field string, s Strength) []domain.Field {
	verdict := &domain.Strength{Score: s.Score, Feedback: s.Feedback}
	switch {
	case s.Common:
		return []domain.Field{{Name: field, Code: "common", Message: "is among the passwords that are guessed first", Strength: verdict}}
	case s.Score < p.MinStrength:
		return []domain.Field{{Name: field, Code: "weak", Message: fmt.Sprintf("is too easy to guess: %d of %d, at least %d is needed", s.Score, MaxScore, p.MinStrength), Strength: verdict}}
	}
	return nil
}
