package domain_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
)

func TestCheckText(t *testing.T) {
	cases := []struct {
		name, value string
		text, line  string // the code of the breach, empty where there is none
	}{
		{"empty", "", "", ""},
		{"plain", "Zo\u00eb O'Neill-\u0141 \u5c71\u7530", "", ""},
		{"emoji with joiner", "\U0001f469\u200d\U0001f680", "", ""},
		{"non-joiner", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "", ""},
		{"line feed", "a\nb", "", "characters"},
		{"tab", "a\tb", "", "characters"},
		{"carriage return", "a\rb", "characters", "characters"},
		{"NUL", "a\x00b", "characters", "characters"},
		{"escape", "a\x1b[31mb", "characters", "characters"},
		{"delete", "a\x7fb", "characters", "characters"},
		{"C1 control", "a\u0085b", "characters", "characters"},
		{"bidi override", "a\u202eb", "characters", "characters"},
		{"bidi isolate", "a\u2066b", "characters", "characters"},
		{"right-to-left mark", "a\u200fb", "characters", "characters"},
		{"zero width space", "a\u200bb", "characters", "characters"},
		{"word joiner", "a\u2060b", "characters", "characters"},
		{"byte order mark", "\ufeffa", "characters", "characters"},
		{"soft hyphen", "a\u00adb", "characters", "characters"},
		{"tag letter", "a\U000e0041", "characters", "characters"},
		{"line separator", "a\u2028b", "characters", "characters"},
		{"paragraph separator", "a\u2029b", "characters", "characters"},
		{"private use", "a\ue000b", "characters", "characters"},
		{"noncharacter", "a\uffff", "characters", "characters"},
		{"noncharacter of the last plane", "a\U0010fffe", "characters", "characters"},
		{"unassigned yet", "a\u0378", "", ""},
		{"Hangul filler", "a\u3164b", "characters", "characters"},
		{"broken UTF-8", "a\xffb", "encoding", "encoding"},
		{"surrogate", "a\xed\xa0\x80b", "encoding", "encoding"},
		{"at the limit", strings.Repeat("\u5c71", 20), "", ""},
		{"over the limit", strings.Repeat("\u5c71", 21), "too_long", "too_long"},
	}
	code := func(fields []domain.Field) string {
		if len(fields) == 0 {
			return ""
		}
		return fields[0].Code
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := code(domain.CheckText("f", c.value, 20)); got != c.text {
				t.Errorf("text: %q, want %q", got, c.text)
			}
			if got := code(domain.CheckLine("f", c.value, 20)); got != c.line {
				t.Errorf("line: %q, want %q", got, c.line)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"strasse", "STRASSE", "stra\u00dfe", "Stra\u1e9ee", "\uff53trasse"},
		{"caf\u00e9", "CAFE\u0301", "Caf\u00c9"},
		{"office", "o\ufb03ce"},
		{"k", "K", "\u212a"},
		{"\u03c3", "\u03a3", "\u03c2"},
	} {
		for _, s := range same {
			if got := domain.Fold(s); got != same[0] {
				t.Errorf("%q folds to %q, want %q", s, got, same[0])
			}
		}
	}
}

func TestFoldingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		once := domain.Fold(s)
		if twice := domain.Fold(once); twice != once {
			t.Fatalf("%q folds to %q and then to %q", s, once, twice)
		}
		if domain.Fold(norm.NFD.String(s)) != once || domain.Fold(norm.NFC.String(s)) != once {
			t.Fatalf("%q folds differently by its form", s)
		}
	})
}

// TestCasesOfEveryLetterFoldToOne walks all of Unicode.
func TestCasesOfEveryLetterFoldToOne(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		folded := domain.Fold(string(r))
		if other := unicode.SimpleFold(r); domain.Fold(string(other)) != folded {
			t.Errorf("%U folds to %+q, its other case %U to %+q", r, folded, other, domain.Fold(string(other)))
		}
		if domain.Fold(folded) != folded {
			t.Errorf("%U folds to %+q and then to %+q", r, folded, domain.Fold(folded))
		}
	}
}

func TestParseID(t *testing.T) {
	const id = "0190b6f1-5d7e-7c3a-8a55-0123456789ab"
	for _, good := range []string{id, strings.ToUpper(id)} {
		if got, err := domain.ParseID(good); err != nil || got.String() != id {
			t.Errorf("%q: %v, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", "me", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), id + " ", " " + id[1:], id[:35], id[:35] + "g",
		strings.ReplaceAll(id, "-", "_"), id[:35] + "\x00", "0190b6f15-d7e-7c3a-8a55-0123456789ab",
	} {
		if _, err := domain.ParseID(bad); !domain.HasCode(err, domain.CodeInvalidID) {
			t.Errorf("%q: %v, want invalid_id", bad, err)
		}
	}
}
