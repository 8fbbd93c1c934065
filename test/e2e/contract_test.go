package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// contractCase is one request and what the contract answers. Names begin with
// the requirement: a section of the contract or of an RFC, or the number that
// the requirement has in the project's list of cases.
type contractCase struct {
	name   string
	call   call
	status int
	error  string // of an OAuth answer
	code   string // of a problem
	says   []string
	check  func(t *testing.T, a answer) // what else must hold
}

// TestContract walks the contract on every store, or on a given deployment.
func TestContract(t *testing.T) {
	anywhere(t, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		for _, area := range []struct {
			name  string
			cases []contractCase
		}{
			{"token endpoint", tokenCases(w)}, {"repeated parameters", repeatedCases(w)}, {"methods", methodCases()},
			{"client authentication", clientCases(w)}, {"password", passwordCases(w)}, {"client credentials", clientCredentialsCases(t, w)},
			{"refresh", refreshCases(t, w)}, {"introspection", introspectionCases(t, w)}, {"revocation", revocationCases(t, w)},
			{"bearer", bearerCases(t, w)}, {"json", jsonCases(w)}, {"accounts", accountCases(w)}, {"clients", serviceClientCases(w)},
			{"permissions", permissionCases(w)}, {"surface", surfaceCases(w)},
		} {
			for _, c := range area.cases {
				t.Run(area.name+"/"+c.name, func(t *testing.T) {
					got := s.send(t, c.call)
					holds(t, c, got)
					wellFormed(t, c.call, got)
				})
			}
		}
	})
}

func holds(t *testing.T, c contractCase, got answer) {
	t.Helper()
	if got.status != c.status || c.error != "" && got.text("error") != c.error || c.code != "" && got.text("code") != c.code {
		t.Errorf("got %d %s, want %d %s", got.status, tail(string(got.body), 5), c.status, c.error+c.code)
	}
	challenge := got.header.Get("WWW-Authenticate")
	for _, part := range c.says {
		if !strings.Contains(challenge, part) {
			t.Errorf("WWW-Authenticate is %q, without %q", challenge, part)
		}
	}
	if c.check != nil && !t.Failed() {
		c.check(t, got)
	}
}

// wellFormed holds every answer to what section 2 of the contract says of all.
func wellFormed(t *testing.T, c call, got answer) {
	t.Helper()
	for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if got.header.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.header.Get(name), value)
		}
	}
	for _, name := range []string{"X-Request-Id", "Content-Security-Policy"} {
		if got.header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if got.header.Get("Server") != "" {
		t.Error("a Server header")
	}
	if got.status == http.StatusUnauthorized && len(got.header.Values("WWW-Authenticate")) != 1 {
		t.Errorf("401 with challenges %q, want one", got.header.Values("WWW-Authenticate"))
	}
	if challenge := got.header.Get("WWW-Authenticate"); strings.Count(challenge, "realm=") > 1 || !printable(challenge) {
		t.Errorf("a broken challenge: %q", challenge)
	}
	path, _, _ := strings.Cut(c.path, "?")
	oauth := path == tokenPath || path == introspectPath || path == revokePath
	if (oauth || c.bearer != "") && got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q, want no-store", got.header.Get("Cache-Control"))
	}
	switch failed := got.status >= http.StatusBadRequest && c.method != http.MethodHead; {
	case failed && oauth:
		wellFormedOAuthError(t, got)
	case failed:
		wellFormedProblem(t, got)
	case oauth && len(got.body) > 0 && got.header.Get("Pragma") != "no-cache":
		t.Errorf("Pragma is %q, want no-cache", got.header.Get("Pragma"))
	}
}

// wellFormedOAuthError checks RFC 6749, section 5.2 (TOK-14).
func wellFormedOAuthError(t *testing.T, got answer) {
	t.Helper()
	if media := got.header.Get("Content-Type"); media != mediaJSON {
		t.Errorf("an error of type %q, want %s", media, mediaJSON)
	}
	if got.text("error") == "" {
		t.Errorf("no error in %s", got.body)
	}
	for _, member := range []string{"error", "error_description"} {
		if text := got.text(member); !printable(text) || strings.ContainsAny(text, `"\`) {
			t.Errorf("%s has characters that it must not: %q", member, text)
		}
	}
}

// wellFormedProblem checks RFC 9457 and the contract's members.
func wellFormedProblem(t *testing.T, got answer) {
	t.Helper()
	if media := got.header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("a problem of type %q", media)
	}
	if status, _ := got.member("status").(float64); int(status) != got.status || got.text("title") == "" || got.text("code") == "" {
		t.Errorf("members missing: %s", got.body)
	}
	if fields, _ := got.member("errors").([]any); got.status == http.StatusUnprocessableEntity && len(fields) == 0 {
		t.Errorf("422 without fields: %s", got.body)
	}
	for _, inside := range []string{"goroutine", "rest.", "json:", "sql", ".go:", "string value", "struct"} {
		if strings.Contains(string(got.body), inside) {
			t.Errorf("tells of its inside (%s): %s", inside, got.body)
		}
	}
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// number makes sure that what a case looks at is a JSON number.
func number(t *testing.T, v any) float64 {
	t.Helper()
	n, ok := v.(float64)
	if !ok {
		t.Errorf("%v is a %T, want a number", v, v)
	}
	return n
}
