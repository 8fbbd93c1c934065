package rest

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

func asked(target string) echo.Context {
	return echo.New().NewContext(httptest.NewRequest("GET", target, nil), httptest.NewRecorder())
}

func TestPage(t *testing.T) {
	good := cursor("list-roles", "admin")
	for query, want := range map[string]domain.Page{
		"":                                    {Limit: 20},
		"?limit=1":                            {Limit: 1},
		"?limit=100&cursor=":                  {Limit: 100},
		"?cursor=" + good:                     {Limit: 20, After: "admin"},
		"?other=1&cursor=" + good:             {Limit: 20, After: "admin"},
		"?limit=3&cursor=" + good:             {Limit: 3, After: "admin"},
		"?limit=5&limit=5":                    {},
		"?limit=0":                            {},
		"?limit=-1":                           {},
		"?limit=101":                          {},
		"?limit=1000000000":                   {},
		"?limit=99999999999999999999":         {},
		"?limit=abc":                          {},
		"?limit=1e1":                          {},
		"?limit=":                             {},
		"?limit=%zz":                          {},
		"?cursor=" + good + "A":               {},
		"?cursor=" + good[1:]:                 {},
		"?cursor=" + good + "&cursor=" + good: {},
		"?cursor=AAAA":                        {},
		"?cursor=AAAAAA":                      {},
		"?cursor=%00":                         {},
		"?cursor=" + cursor("list-scopes", "admin"):   {},
		"?cursor=" + cursor("list-roles", "\xff\xfe"): {},
	} {
		got, err := page(asked("/"+query), "list-roles")
		if diff := cmp.Diff(want, got); diff != "" && err == nil {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
		refused := domain.HasCode(err, domain.CodeInvalidInput) || domain.HasCode(err, domain.CodeInvalidRequest)
		if (want.Limit == 0) != refused || (err != nil) != refused {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// Every single changed character is noticed: CRC-32 finds all bursts up to its
// width.
func TestCursorTampered(t *testing.T) {
	good := cursor("list-users", "0190b3a4-0000-7000-8000-000000000001")
	for i := range good {
		for _, c := range []byte("AZaz09-_=.") {
			if changed := good[:i] + string(c) + good[i+1:]; changed != good {
				if after, err := parseCursor("list-users", changed); err == nil {
					t.Errorf("%s gives %q", changed, after)
				}
			}
		}
		if _, err := parseCursor("list-users", good[:i]); err == nil {
			t.Errorf("%s is whole", good[:i])
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "AAAA", "====", cursor("x", "a"), cursor("x", "")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		after, err := parseCursor("x", given)
		if err != nil && !domain.HasCode(err, domain.CodeInvalidInput) {
			t.Fatal(err)
		}
		if err == nil && cursor("x", after) != given {
			t.Fatalf("%q is not what %q makes", given, after)
		}
	})
}

func TestPathValue(t *testing.T) {
	e := echo.New()
	var got string
	e.GET("/scopes/:name", func(c echo.Context) error { got = pathValue(c, "name"); return nil })
	for path, want := range map[string]string{
		"/scopes/read:users": "read:users", "/scopes/read%3Ausers": "read:users", "/scopes/a%2Fb": "a/b",
		"/scopes/a%253A": "a%3A", "/scopes/%20": " ", "/scopes/a+b": "a+b",
	} {
		got = ""
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
