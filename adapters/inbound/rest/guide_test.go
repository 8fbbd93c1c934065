package rest

import (
	"os"
	"strings"
	"testing"

	"github.com/keystone-auth/keystone/domain"
)

// TestTheGuideTellsEveryFailureAndLimit holds docs/api.md to what can be
// answered, each in the table that it belongs to.
func TestTheGuideTellsEveryFailureAndLimit(t *testing.T) {
	text, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## Errors\n")
	errors, rest, _ := strings.Cut(rest, "\n## Conventions\n")
	oauth, problems, _ := strings.Cut(errors, "application/problem+json")
	told := func(section, name string) {
		t.Helper()
		if !strings.Contains(section, "`"+name+"`") {
			t.Errorf("the guide does not tell of %s", name)
		}
	}
	for _, failure := range oauthFailures {
		told(oauth, failure.name)
	}
	for _, reason := range []string{domain.ReasonAccountLocked, domain.ReasonAccountDisabled, domain.ReasonEmailUnverified, domain.ReasonPasswordExpired} {
		told(oauth, "reason: "+reason)
	}
	for code := range problemStatus {
		if !grantFailures[code] {
			told(problems, string(code))
		}
	}
	for _, limit := range domain.LimitNames() {
		told(rest, string(limit))
	}
}

// grantFailures are answered by the OAuth endpoints alone.
var grantFailures = map[domain.Code]bool{
	domain.CodeNotSpendable: true, domain.CodeInvalidClient: true, domain.CodeInvalidGrant: true, domain.CodeUnauthorizedClient: true,
	domain.CodeUnsupportedGrantType: true, domain.CodeInvalidScope: true, domain.CodeInvalidTarget: true,
	domain.CodeAuthorizationPending: true, domain.CodeSlowDown: true, domain.CodeExpiredToken: true, domain.CodeAccessDenied: true,
}
