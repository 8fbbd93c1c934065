package user

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keystone-auth/keystone/domain"
)

const (
	minUsername = 3
	maxUsername = 64
	maxEmail    = 254 // octets: RFC 5321, section 4.5.3.1.3, less the angle brackets
	maxLocal    = 64  // octets: RFC 5321, section 4.5.3.1.1
)

// Username is 3 to 64 of ASCII letters, digits and `. _ -`, shown as typed and
// compared case-folded.
type Username string

// ParseUsername checks a username. It trims nothing.
func ParseUsername(s string) (Username, []domain.Field) {
	ok := len(s) >= minUsername && len(s) <= maxUsername
	for i := 0; ok && i < len(s); i++ {
		c := s[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
	}
	if !ok {
		return "", []domain.Field{{Name: "username", Code: "format", Message: "must be 3 to 64 ASCII letters, digits, dots, underscores or hyphens"}}
	}
	return Username(s), nil
}

// Folded is the form in which usernames are compared and kept unique.
func (u Username) Folded() string { return strings.ToLower(string(u)) }

// Email is an address as typed, at most 254 octets, compared case-folded.
type Email string

// joiners are the invisible characters that free text may hold (see
// domain.CheckText) and an address may not: two would look alike.
const joiners = "\u200c\u200d"

// ParseEmail accepts a bare addr-spec with an unquoted local part (RFC 5322,
// section 3.4.1): no display name, no comment, no line break. A domain without
// a dot is let in only as `localhost`, for development.
func ParseEmail(s string) (Email, []domain.Field) {
	bad := func() (Email, []domain.Field) {
		return "", []domain.Field{{Name: "email", Code: "format", Message: "must be an e-mail address of at most 254 characters"}}
	}
	if len(s) > maxEmail || !utf8.ValidString(s) || len(domain.CheckLine("email", s, maxEmail)) > 0 || strings.ContainsAny(s, joiners) {
		return bad()
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s {
		return bad()
	}
	at := strings.LastIndexByte(s, '@')
	local, host := s[:at], s[at+1:]
	if len(local) > maxLocal || strings.ContainsAny(local, `"\()<>[]:;, `) || !validHost(host) {
		return bad()
	}
	return Email(s), nil
}

func validHost(host string) bool {
	if host == "localhost" {
		return true
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsAny(label, "[]_:") {
			return false
		}
	}
	return true
}

// Folded is the form in which addresses are compared and kept unique. Mail
// always goes to the stored address, never to a folded or typed one.
func (e Email) Folded() string { return domain.Fold(string(e)) }

// MaxLogin is the length in octets beyond which no name or address can be: what
// is typed at login is not looked up then.
const MaxLogin = maxEmail

// FoldLogin folds what was typed as a name at login: an address where it has
// an @, which no username can. What is longer than MaxLogin stays as it is:
// folding costs, and anyone may send it.
func FoldLogin(identifier string) (folded string, isEmail bool) {
	isEmail = strings.ContainsRune(identifier, '@')
	switch {
	case len(identifier) > MaxLogin:
		return identifier, isEmail
	case isEmail:
		return domain.Fold(identifier), true
	}
	return strings.ToLower(identifier), false
}

// PasswordPolicy is what a new password must satisfy (contract, section 1).
type PasswordPolicy struct {
	MinLength int // code points after NFC
	MaxLength int
	// Require names classes of characters that each password must have.
	Require []Class
	// MinStrength is the least score that a judge may give, 0 to MaxScore.
	MinStrength int
	// History is how many of an account's passwords may not come again, the
	// one in force included; zero lets all.
	History int
}

// Impossible tells whether a password is longer than any that Check ever let
// in: proving it is refused before it is normalized and hashed, which costs.
// The maximum may have been lowered since, so up to formerMax always counts as
// possible.
func (p PasswordPolicy) Impossible(password domain.Secret) bool {
	return utf8.RuneCountInString(password.Reveal()) > maxGrowth*max(p.MaxLength, formerMax)
}

const (
	maxGrowth = 4   // how many code points NFC may make one of, at most
	formerMax = 256 // code points: the default of the maximum
)

// Check reports what is wrong with a new password by itself: its form, missing
// classes of characters, and hardly more than words of the account. How strong
// it is otherwise is for a judge to say: see Judged.
func (p PasswordPolicy) Check(field string, password domain.Secret, words []string) []domain.Field {
	if fields := p.CheckForm(field, password); len(fields) > 0 {
		return fields
	}
	plain := password.Reveal()
	if personal(plain, words) {
		return []domain.Field{{Name: field, Code: "personal", Message: "must be more than the names and addresses of the account, or of this product"}}
	}
	return p.composition(field, plain)
}

// CheckForm reports bytes that are no text, and a length in code points after
// NFC (NIST SP 800-63B-4, section 3.1.1.2) out of bounds. Nothing more is asked
// of the passwords that operators choose.
func (p PasswordPolicy) CheckForm(field string, password domain.Secret) []domain.Field {
	plain := password.Reveal()
	if !utf8.ValidString(plain) || strings.ContainsRune(plain, 0) {
		return []domain.Field{{Name: field, Code: "encoding", Message: "must be valid UTF-8 without NUL"}}
	}
	// NFC grows a string at most threefold, so the byte length bounds the work.
	length := utf8.RuneCountInString(plain)
	if length <= maxGrowth*p.MaxLength {
		length = utf8.RuneCountInString(norm.NFC.String(plain))
	}
	switch {
	case length < p.MinLength:
		return []domain.Field{{Name: field, Code: "too_short", Message: fmt.Sprintf("must have at least %d characters", p.MinLength)}}
	case length > p.MaxLength:
		return []domain.Field{{Name: field, Code: "too_long", Message: fmt.Sprintf("must have at most %d characters", p.MaxLength)}}
	}
	return nil
}
