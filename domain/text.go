package domain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// CheckText holds free text to at most limit code points of valid UTF-8 and
// refuses what hides or reorders it: control characters (but line feed and
// tab), bidirectional overrides, invisible format characters, private code
// points and noncharacters. Unassigned ones pass: they may be next year's emoji.
func CheckText(field, value string, limit int) []Field {
	switch {
	case !utf8.ValidString(value):
		return []Field{{Name: field, Code: "encoding", Message: "must be valid UTF-8"}}
	case utf8.RuneCountInString(value) > limit:
		return []Field{{Name: field, Code: "too_long", Message: fmt.Sprintf("must be at most %d characters", limit)}}
	}
	for _, r := range value {
		if r != '\n' && r != '\t' && hidden(r) {
			return []Field{{Name: field, Code: "characters", Message: "must not contain control or invisible characters"}}
		}
	}
	return nil
}

// CheckLine is CheckText for names: no line feed or tab either.
func CheckLine(field, value string, limit int) []Field {
	for _, r := range value {
		if r == '\n' || r == '\t' {
			return []Field{{Name: field, Code: "characters", Message: "must be a single line"}}
		}
	}
	return CheckText(field, value, limit)
}

// zeroWidthJoiner and its sibling shape emoji and several scripts, so they are
// kept out of identifiers but let into free text.
const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

func hidden(r rune) bool {
	if r == zeroWidthNonJoiner || r == zeroWidthJoiner {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point) || r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0'
}

// Fold gives the form in which identifiers are compared: NFKC, then Unicode
// case folding, then NFKC again, so that look-alikes by width, ligature or
// case are one.
func Fold(s string) string {
	folded := cases.Fold().String(norm.NFKC.String(s))
	// Cherokee folds to its capitals (CaseFolding.txt), where cases.Fold swaps
	// the cases; lower-casing makes them one and changes nothing else.
	return norm.NFKC.String(strings.ToLower(folded))
}
