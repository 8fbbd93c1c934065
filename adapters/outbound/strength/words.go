package strength

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/trustelem/zxcvbn/frequency"
	"github.com/trustelem/zxcvbn/match"
)

// longest bounds the words that are looked for; no list has a longer one.
const longest = 40

// dictionary ranks every word by the list in which it is the most common. It
// is made at first use.
var dictionary = sync.OnceValue(func() map[string]int {
	size := 0
	for _, list := range frequency.FrequencyLists {
		size += len(list)
	}
	ranks := make(map[string]int, size)
	for _, list := range frequency.FrequencyLists {
		for i, word := range list {
			if known, ok := ranks[word]; !ok || i+1 < known {
				ranks[word] = i + 1
			}
		}
	}
	return ranks
})

// commonPasswords are those that people have, most of all.
var commonPasswords = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for _, word := range frequency.FrequencyLists["passwords"] {
		set[word] = true
	}
	return set
})

// common tells whether a password is on the list of common ones, by itself,
// several times over, or with digits and signs around it.
func common(password string) bool {
	lower := strings.ToLower(password)
	known := commonPasswords()
	if known[lower] || known[unit(lower)] {
		return true
	}
	core := strings.TrimFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) })
	return core != "" && (known[core] || known[unit(core)])
}

// unit gives the shortest text that makes the whole when it is repeated.
func unit(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if len(s)%n == 0 && strings.Repeat(s[:n], len(s)/n) == s {
			return s[:n]
		}
	}
	return s
}

// ranked gives words of a context the ranks of the first guesses.
func ranked(words []string) map[string]int {
	ranks := map[string]int{}
	for _, word := range words {
		word = bytewise(strings.ToLower(word), longest)
		if _, ok := ranks[word]; !ok && word != "" {
			ranks[word] = len(ranks) + 1
		}
	}
	return ranks
}

// spans calls found for every part of a text that is a known word.
func spans(text string, known map[string]int, found func(i, j int, word string, rank int)) {
	for i := range len(text) {
		for j := i + 1; j <= min(len(text), i+longest); j++ {
			if rank, ok := known[text[i:j]]; ok {
				found(i, j, text[i:j], rank)
			}
		}
	}
}

func plainWords(password, lower string, known map[string]int) []*match.Match {
	var all []*match.Match
	spans(lower, known, func(i, j int, word string, rank int) {
		all = append(all, &match.Match{Pattern: "dictionary", I: i, J: j - 1, Token: password[i:j], MatchedWord: word, Rank: rank})
	})
	return all
}

func reversedWords(password, lower string, known map[string]int) []*match.Match {
	backwards := []byte(lower)
	slices.Reverse(backwards)
	var all []*match.Match
	spans(string(backwards), known, func(i, j int, word string, rank int) {
		from, to := len(lower)-j, len(lower)-i
		all = append(all, &match.Match{Pattern: "dictionary", I: from, J: to - 1, Token: password[from:to], MatchedWord: word, Rank: rank, Reversed: true})
	})
	return all
}

// disguises are the characters that stand for letters. A few stand for either
// of two, so there are two readings.
var disguises = [2]map[byte]byte{
	disguise("4a@a8b(c{c[c<c3e6g9g1i!i|i0o$s5s+t7t%x2z"),
	disguise("4a@a8b(c{c[c<c3e6g9g1l!i|l0o$s5s+t7l%x2z"),
}

// disguise reads pairs of a character and its letter.
func disguise(pairs string) map[byte]byte {
	table := map[byte]byte{}
	for i := 0; i < len(pairs); i += 2 {
		table[pairs[i]] = pairs[i+1]
	}
	return table
}

func disguisedWords(password, lower string, known map[string]int) []*match.Match {
	var all []*match.Match
	for _, table := range disguises {
		plain := []byte(lower)
		for i, c := range plain {
			if letter, ok := table[c]; ok {
				plain[i] = letter
			}
		}
		spans(string(plain), known, func(i, j int, word string, rank int) {
			subs := map[string]string{}
			for k := i; k < j; k++ {
				if plain[k] != lower[k] {
					subs[lower[k:k+1]] = string(plain[k])
				}
			}
			if len(subs) > 0 && j-i > 1 {
				all = append(all, &match.Match{Pattern: "dictionary", I: i, J: j - 1, Token: password[i:j], MatchedWord: word, Rank: rank, L33t: true, Sub: subs})
			}
		})
	}
	return all
}
