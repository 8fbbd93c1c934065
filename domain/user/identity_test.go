package user_test

import (
	"net/mail"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

func TestParseUsername(t *testing.T) {
	for _, good := range []string{"abc", "A.b_c-9", "...", strings.Repeat("a", 64), "admin"} {
		if got, bad := user.ParseUsername(good); len(bad) > 0 || string(got) != good {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{
		"", "ab", strings.Repeat("a", 65), "a b", " abc", "abc ", "abc\n", "a@b", "caf\u00e9", "abc\x00", "\u0430bc", "a\u200bbc", "a/b", "a:b", "a%b", "\u212aelvin",
	} {
		if _, fields := user.ParseUsername(bad); len(fields) != 1 || fields[0].Name != "username" {
			t.Errorf("%q: %v, want one breach of username", bad, fields)
		}
	}
}

var goodEmails = []string{
	"a@example.com", "first.last+tag@sub.example.co", "O'Neill@example.com", "caf\u00e9@example.com", "a@xn--bcher-kva.example",
	"admin@localhost", "!#$%&'*/=?^_`{|}~-@example.com", strings.Repeat("l", 64) + "@example.com", "a@1.example",
	strings.Repeat("l", 60) + "@" + strings.Repeat(strings.Repeat("d", 60)+".", 3) + "example.com"[:10],
}

var badEmails = []string{
	"", "a", "@", "a@", "@example.com", "a@b", "a@@example.com", "a@b@example.com", "a b@example.com", " a@example.com", "a@example.com ",
	"a@example.com\n", "a@example.com\r\nBcc: b@example.com", "a\x00@example.com", "Name <a@example.com>", "<a@example.com>", "a@example.com (c)", "(c)a@example.com",
	`"a"@example.com`, `"a b"@example.com`, `a\@example.com`, "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a,b@example.com", "a@example.com,b@example.com", "a;b@example.com",
	".a@example.com", "a.@example.com", "a..b@example.com", "a@.example.com", "a@example..com", "a@example.com.", "a@-example.com", "a@example-.com", "a@exa_mple.com",
	"a@" + strings.Repeat("d", 64) + ".com", strings.Repeat("l", 65) + "@example.com", strings.Repeat("l", 60) + "@" + strings.Repeat("d.", 100) + "com",
	"a\u202e@example.com", "a\u200b@example.com", "a@ex\u200dample.com", "a\u200d@example.com", "a\xff@example.com", "=?utf-8?q?a?=@example.com <a@example.com>", "group:a@example.com;",
}

func TestParseEmail(t *testing.T) {
	for _, good := range goodEmails {
		if got, bad := user.ParseEmail(good); len(bad) > 0 || string(got) != good {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range badEmails {
		if _, fields := user.ParseEmail(bad); len(fields) != 1 || fields[0].Name != "email" {
			t.Errorf("%q: %v, want one breach of email", bad, fields)
		}
	}
}

// FuzzParseEmail holds what gets through to be one plain address that survives
// a mail header and means itself.
func FuzzParseEmail(f *testing.F) {
	for _, s := range append(goodEmails, badEmails...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		email, bad := user.ParseEmail(s)
		if len(bad) > 0 {
			if email != "" {
				t.Fatalf("%q is refused and given", s)
			}
			return
		}
		if string(email) != s || len(s) > 254 || !utf8.ValidString(s) || strings.ContainsAny(s, " \t\r\n\x00<>(),;:\\\"[]") || strings.Count(s, "@") != 1 {
			t.Fatalf("%q gets through", s)
		}
		list, err := mail.ParseAddressList(s)
		if err != nil || len(list) != 1 || list[0].Address != s {
			t.Fatalf("%q is read as %v, %v", s, list, err)
		}
		if folded, isEmail := user.FoldLogin(s); !isEmail || folded != email.Folded() {
			t.Fatalf("%q logs in as %q, is kept as %q", s, folded, email.Folded())
		}
	})
}

func TestFoldLoginFindsWhatIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[A-Za-z0-9._-]{3,64}`).Draw(t, "username")
		username, bad := user.ParseUsername(s)
		if len(bad) > 0 {
			t.Fatalf("%q is refused", s)
		}
		for _, typed := range []string{s, strings.ToUpper(s), strings.ToLower(s)} {
			if folded, isEmail := user.FoldLogin(typed); isEmail || folded != username.Folded() {
				t.Fatalf("%q logs in as %q, is kept as %q", typed, folded, username.Folded())
			}
		}
	})
}

// Whoever sends a megabyte as a name or password has it neither folded nor
// normalized; what Check lets in is never impossible to prove.
func TestLoginsThatCannotBe(t *testing.T) {
	for _, typed := range []string{strings.Repeat("İ", user.MaxLogin), "É@" + strings.Repeat("É", user.MaxLogin)} {
		if folded, isEmail := user.FoldLogin(typed); folded != typed || isEmail != strings.Contains(typed, "@") {
			t.Errorf("folded %d octets, address %v", len(typed), isEmail)
		}
	}
	for _, maxLength := range []int{64, 256, 1000} {
		p := user.PasswordPolicy{MaxLength: maxLength}
		longest := strings.Repeat("\u1112\u1161\u11ab", max(maxLength, 256)) // three code points that NFC makes one
		if p.Impossible(domain.NewSecret(longest)) {
			t.Errorf("a password that some maximum up to %d lets in is impossible", max(maxLength, 256))
		}
		if !p.Impossible(domain.NewSecret(strings.Repeat("a", 4*max(maxLength, 256)+1))) {
			t.Errorf("max %d: anything is possible", maxLength)
		}
	}
}

func TestPasswordPolicy(t *testing.T) {
	policy := user.PasswordPolicy{MinLength: 15, MaxLength: 20}
	words := user.Words("some.body.long-name", "M@mail.example.com", user.Profile{FirstName: "Zoë", LastName: "McAlister", DisplayName: "The Alister"})
	cases := []struct{ name, password, code string }{
		{"at the least", strings.Repeat("p", 15), ""},
		{"one short", strings.Repeat("p", 14), "too_short"},
		{"empty", "", "too_short"},
		{"at the most", strings.Repeat("p", 20), ""},
		{"one long", strings.Repeat("p", 21), "too_long"},
		{"very long", strings.Repeat("p", 100_000), "too_long"},
		{"code points, not bytes", strings.Repeat("\U0001f980", 15), ""},
		{"short in code points", strings.Repeat("\U0001f980", 14), "too_short"},
		{"counted after composition, short", strings.Repeat("e\u0301", 14), "too_short"},
		{"counted after composition, fits", strings.Repeat("e\u0301", 20), ""},
		{"four to one in composition", strings.Repeat("\u03b1\u0313\u0300\u0345", 20), ""},
		{"spaces count", strings.Repeat(" ", 15), ""},
		{"NUL", strings.Repeat("p", 15) + "\x00", "encoding"},
		{"broken UTF-8", strings.Repeat("p", 15) + "\xff", "encoding"},
		{"the username", "some.body.long-name", "personal"},
		{"the username shouted", "SOME.BODY.LONG-NAME", "personal"},
		{"the address", "m@mail.example.com", "personal"},
		{"part of the username", "some.body.long-nam", ""},
		{"the product and digits", "Keystone 1234567", "personal"},
		{"names", "McAlister, 1/1/1970", "personal"},
		{"the display name", "the alister!!!!", "personal"},
		{"a name among other words", "mcalister or rather", ""},
		{"a short name is chance", "zoë-zoë-zoë-zoë", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if fields := policy.Check("password", domain.NewSecret(c.password), words); len(fields) > 0 {
				got = fields[0].Code
				if strings.Contains(fields[0].Message, c.password) && c.password != "" {
					t.Error("the message tells the password")
				}
			}
			if got != c.code {
				t.Errorf("got %q, want %q", got, c.code)
			}
		})
	}
	local := policy.Check("new_password", domain.NewSecret("local.part.is-it"), user.Words("name", "Local.Part.Is-It@example.com", user.Profile{}))
	if len(local) != 1 || local[0].Code != "personal" || local[0].Name != "new_password" {
		t.Errorf("the local part: %v", local)
	}
}
