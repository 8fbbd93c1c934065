package contract

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Credentials are a client's at the token endpoint; empty: the request names none.
type Credentials struct{ ID, Secret string }

// Grant is a grant under test, at the token endpoint of a running server.
type Grant struct {
	Name string // grant_type
	// Token sends a form to the endpoint and gives status and body.
	Token func(t testing.TB, as Credentials, form url.Values) (int, []byte)

	Client   Credentials // may use the grant
	Stranger Credentials // a client that may not
	// Confidential says that the grant wants a client that proved itself.
	Confidential bool

	// Proof gives the grant's own parameters, of a proof that nobody used yet.
	Proof    func(t testing.TB) url.Values
	Required []string // those of them that have to be there
	// Wrong makes a proof one that proves nothing.
	Wrong func(proof url.Values)
	// WrongCode is how that is refused; empty: invalid_grant.
	WrongCode string
	// Once says that a proof serves one time.
	Once bool

	Scope  string // that client and subject hold
	Beyond string // that exists, and one of the two does not hold
	// Sessions counts the living sessions of the subject; 0 where it has none.
	Sessions func(t testing.TB) int
}

// RunGrant holds a grant to what the token endpoint promises of every grant
// (RFC 6749, sections 4 and 5; the order of checks in application/grants).
func RunGrant(t *testing.T, open func(t *testing.T) Grant) {
	g := open(t)
	if g.WrongCode == "" {
		g.WrongCode = "invalid_grant"
	}
	t.Run("behaviour", func(t *testing.T) { g.behaviour(t) })
	t.Run("atomicity", func(t *testing.T) { g.atomicity(t) })
	t.Run("contention", func(t *testing.T) { g.contention(t) })
}

// form is a request with a proof and what else is set.
func (g Grant) form(t testing.TB, set ...string) url.Values {
	form := maps.Clone(g.Proof(t))
	if form == nil {
		form = url.Values{}
	}
	form.Set("grant_type", g.Name)
	for i := 0; i < len(set); i += 2 {
		form.Set(set[i], set[i+1])
	}
	return form
}

// refused holds a request to being refused with the code, in the form of RFC
// 6749, section 5.2, that repeats nothing of the proof.
func (g Grant) refused(t testing.TB, as Credentials, form url.Values, code string) {
	t.Helper()
	status, body := g.Token(t, as, form)
	want := http.StatusBadRequest
	if code == "invalid_client" {
		want = http.StatusUnauthorized
	}
	var answer struct{ Error string }
	if err := json.Unmarshal(body, &answer); err != nil || status != want || answer.Error != code {
		t.Errorf("%d %s, want %d %s", status, body, want, code)
	}
	for name, values := range form {
		for _, value := range values {
			if len(value) >= 8 && name != "grant_type" && strings.Contains(string(body), value) {
				t.Errorf("the refusal repeats %s: %s", name, body)
			}
		}
	}
}

type grantAnswer struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Scope   string `json:"scope"`
}

func (g Grant) granted(t testing.TB, form url.Values) grantAnswer {
	t.Helper()
	status, body := g.Token(t, g.Client, form)
	var answer grantAnswer
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s, want tokens", status, body)
	}
	return answer
}

func (g Grant) behaviour(t *testing.T) {
	t.Run("a proof gives a bearer token of the scope asked for", func(t *testing.T) {
		got := g.granted(t, g.form(t, "scope", g.Scope))
		if got.Access == "" || got.Type != "Bearer" || got.Expires <= 0 || got.Scope != g.Scope {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("without a scope all that is held is granted", func(t *testing.T) {
		got := strings.Fields(g.granted(t, g.form(t)).Scope)
		if !slices.Contains(got, g.Scope) || slices.Contains(got, g.Beyond) {
			t.Errorf("granted %q", got)
		}
	})
	for _, parameter := range g.Required {
		t.Run("a missing parameter is an invalid request "+parameter, func(t *testing.T) {
			form := g.form(t)
			form.Del(parameter)
			g.refused(t, g.Client, form, "invalid_request")
		})
		t.Run("a parameter given twice is an invalid request "+parameter, func(t *testing.T) {
			form := g.form(t)
			form.Add(parameter, form.Get(parameter))
			g.refused(t, g.Client, form, "invalid_request")
		})
	}
	if g.Wrong != nil {
		t.Run("what proves nothing is refused", func(t *testing.T) {
			form := g.form(t)
			g.Wrong(form)
			g.refused(t, g.Client, form, g.WrongCode)
		})
	}
	t.Run("a client that was not given the grant is unauthorized, whatever it proves", func(t *testing.T) {
		g.refused(t, g.Stranger, g.form(t), "unauthorized_client")
		if g.Wrong != nil {
			form := g.form(t)
			g.Wrong(form)
			g.refused(t, g.Stranger, form, "unauthorized_client")
		}
	})
	t.Run("a client that did not prove itself is an invalid client", func(t *testing.T) {
		g.refused(t, Credentials{g.Client.ID, "wrong"}, g.form(t), "invalid_client")
		g.refused(t, Credentials{"ksc_nobody", "wrong"}, g.form(t), "invalid_client")
	})
	if g.Confidential {
		t.Run("without a client it is an invalid client", func(t *testing.T) {
			g.refused(t, Credentials{}, g.form(t), "invalid_client")
		})
	}
	t.Run("a scope beyond what is held is invalid", func(t *testing.T) {
		g.refused(t, g.Client, g.form(t, "scope", g.Beyond), "invalid_scope")
		g.refused(t, g.Client, g.form(t, "scope", g.Scope+" "+g.Beyond), "invalid_scope")
	})
	t.Run("a scope that is none is invalid", func(t *testing.T) {
		g.refused(t, g.Client, g.form(t, "scope", "no\"scope"), "invalid_scope")
	})
}

func (g Grant) atomicity(t *testing.T) {
	t.Run("a refusal opens no session", func(t *testing.T) {
		beyond, foreign, wrong := g.form(t, "scope", g.Beyond), g.form(t), g.form(t) // what proves may open a session itself
		before := g.Sessions(t)
		g.refused(t, g.Client, beyond, "invalid_scope")
		g.refused(t, g.Stranger, foreign, "unauthorized_client")
		if g.Wrong != nil {
			g.Wrong(wrong)
			g.refused(t, g.Client, wrong, g.WrongCode)
		}
		if after := g.Sessions(t); after != before {
			t.Errorf("%d sessions, %d before", after, before)
		}
	})
	t.Run("a proof that was refused for another reason still serves", func(t *testing.T) {
		form := g.form(t)
		beyond := maps.Clone(form)
		beyond.Set("scope", g.Beyond)
		g.refused(t, g.Client, beyond, "invalid_scope")
		g.refused(t, g.Stranger, form, "unauthorized_client")
		g.granted(t, form)
	})
}

func (g Grant) contention(t *testing.T) {
	t.Run("20 proofs at once: all are granted", func(t *testing.T) {
		forms := make([]url.Values, 20)
		for i := range forms {
			forms[i] = g.form(t)
		}
		for i, status := range g.statuses(t, forms) {
			if status != http.StatusOK {
				t.Errorf("proof %d: %d", i, status)
			}
		}
	})
	if !g.Once {
		return
	}
	t.Run("one proof 20 times at once: one is granted", func(t *testing.T) {
		form, won := g.form(t), 0
		for i, status := range g.statuses(t, slices.Repeat([]url.Values{form}, 20)) {
			switch status {
			case http.StatusOK:
				won++
			case http.StatusBadRequest:
			default:
				t.Errorf("attempt %d: %d", i, status)
			}
		}
		if won != 1 {
			t.Errorf("%d were granted, want 1", won)
		}
	})
	t.Run("a proof that served is an invalid grant", func(t *testing.T) {
		form := g.form(t)
		g.granted(t, form)
		g.refused(t, g.Client, form, "invalid_grant")
	})
}

func (g Grant) statuses(t testing.TB, forms []url.Values) []int {
	statuses := make([]int, len(forms))
	race(len(forms), func(i int) error {
		statuses[i], _ = g.Token(t, g.Client, forms[i])
		return nil
	})
	return statuses
}
