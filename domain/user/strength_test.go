package user_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

func codes(fields []domain.Field) []string {
	var all []string
	for _, f := range fields {
		all = append(all, f.Code)
	}
	return all
}

func TestRequiredClasses(t *testing.T) {
	policy := user.PasswordPolicy{MinLength: 1, MaxLength: 64, Require: user.Classes()}
	for password, want := range map[string][]string{
		"aB3 xyz":   nil,
		"ÄÖé٣!":     nil, // letters and digits of any script
		"abcdefg":   {"missing_upper", "missing_digit", "missing_special"},
		"123456789": {"missing_upper", "missing_lower", "missing_special"},
		"日本語":       {"missing_upper", "missing_lower", "missing_digit", "missing_special"},
	} {
		if diff := cmp.Diff(want, codes(policy.Check("password", domain.NewSecret(password), nil))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", password, diff)
		}
	}
}

func TestGeneratedPasswordsSuitEveryPolicy(t *testing.T) {
	policy := user.PasswordPolicy{MinLength: 20, MaxLength: 64, Require: user.Classes()}
	password := user.GeneratePassword([32]byte{})
	if fields := policy.Check("password", password, user.Words("admin", "admin@localhost", user.Profile{})); len(fields) != 0 {
		t.Errorf("refused: %+v", fields)
	}
	if user.GeneratePassword([32]byte{1}).Equal(password) {
		t.Error("two are the same")
	}
}

func TestJudged(t *testing.T) {
	policy := user.PasswordPolicy{MinStrength: 2}
	for name, c := range map[string]struct {
		verdict user.Strength
		want    string
	}{
		"strong":         {user.Strength{Score: 4}, ""},
		"just enough":    {user.Strength{Score: 2}, ""},
		"weak":           {user.Strength{Score: 1, Feedback: []string{"more"}}, "weak"},
		"common":         {user.Strength{Score: 0, Common: true, Feedback: []string{"more"}}, "common"},
		"common, scored": {user.Strength{Score: 4, Common: true}, "common"},
	} {
		fields := policy.Judged("new_password", c.verdict)
		if c.want == "" {
			if len(fields) != 0 {
				t.Errorf("%s: %+v", name, fields)
			}
			continue
		}
		if len(fields) != 1 || fields[0].Name != "new_password" || fields[0].Code != c.want || fields[0].Strength.Score != c.verdict.Score || !cmp.Equal(fields[0].Strength.Feedback, c.verdict.Feedback) {
			t.Errorf("%s: %+v", name, fields)
		}
	}
	if fields := (user.PasswordPolicy{}).Judged("password", user.Strength{}); len(fields) != 0 {
		t.Errorf("a bar of zero refuses %+v", fields)
	}
}

func TestWords(t *testing.T) {
	got := user.Words("Alice", "A.Smith@Example.com", user.Profile{FirstName: "Al", DisplayName: "Al S. Mith"})
	want := []string{"a.smith", "a.smith@example.com", "al", "al s. mith", "alice", "keystone", "mith", "s."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	huge := strings.Repeat("a ", 1<<19)
	if got := user.Words(user.Username(huge), user.Email(huge), user.Profile{FirstName: huge, LastName: huge, DisplayName: huge}); !cmp.Equal(got, []string{"keystone"}) {
		t.Errorf("%d words of what no account can hold", len(got))
	}
}
