package rest

import (
	"net/http"
	"strings"
	"testing"
)

// What needs no scope is for the subject itself: a token handed on for one scope
// ends no sessions, guesses no passwords and lets no device in. It may ask what
// it may do.
func TestDerivedTokensWithoutAScope(t *testing.T) {
	s, _ := serve(t, obliging(), configured())
	met := 0
	for _, e := range s.table() {
		if e.access != bearer || e.scope != "" {
			continue
		}
		met++
		path := strings.NewReplacer(":id", alice, ":user_code", "BCDF-GHJK").Replace(e.path)
		got := ask(s, exampleCase{method: e.method, path: path, headers: []string{"Authorization: Bearer " + derivedToken, jsonType}, body: `{}`}.request())
		if refused := got.Code == http.StatusForbidden; refused == (e.id == "check-permissions") {
			t.Errorf("%s %s: %d %s", e.method, path, got.Code, got.Body)
		}
	}
	if met < 9 {
		t.Errorf("met %d endpoints", met)
	}
}
