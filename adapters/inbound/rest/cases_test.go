package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// exampleCase is one exchange as data.
type exampleCase struct {
	name    string
	method  string // empty: POST
	path    string
	headers []string // "Name: value"
	body    string

	given func(*ports) // changes the obliging fakes

	status   int
	has      []string // parts of the body
	hasNot   []string // parts of neither body nor headers
	exactly  string   // the whole body, where set
	answered []string // "Name: value" of the answer; "Name:" for absence
	calls    []string // the ports that were reached, in order; nil: none
}

func run(t *testing.T, cases []exampleCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			p := obliging()
			if tc.given != nil {
				tc.given(p)
			}
			s, _ := serve(t, p, configured())
			w := ask(s, tc.request())
			body := w.Body.String()
			if w.Code != tc.status {
				t.Errorf("status %d, want %d: %s", w.Code, tc.status, body)
			}
			if tc.exactly != "" && body != tc.exactly {
				t.Errorf("body %s\nwant %s", body, tc.exactly)
			}
			for _, part := range tc.has {
				if !strings.Contains(body, part) {
					t.Errorf("body %s\nlacks %s", body, part)
				}
			}
			var all strings.Builder
			if err := w.Header().Write(&all); err != nil {
				t.Fatal(err)
			}
			for _, part := range tc.hasNot {
				if strings.Contains(body+all.String(), part) {
					t.Errorf("the answer tells %q: %s%s", part, all.String(), body)
				}
			}
			for _, line := range tc.answered {
				name, want, _ := strings.Cut(line, ":")
				if got := strings.Join(w.Header().Values(name), " | "); got != strings.TrimSpace(want) {
					t.Errorf("%s: %q, want %q", name, got, strings.TrimSpace(want))
				}
			}
			if !slices.Equal(p.calls, tc.calls) {
				t.Errorf("reached %v, want %v", p.calls, tc.calls)
			}
			standing(t, w)
		})
	}
}

// standing holds every answer, whatever it is, to what all must carry.
func standing(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	policy := "default-src 'none'; frame-ancestors 'none'"
	if w.Header().Get("Content-Type") == mediaHTML {
		policy = pagePolicy
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		"Content-Security-Policy":   policy,
		"Strict-Transport-Security": "max-age=31536000", "Server": "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !saneRequestID(w.Header().Get("X-Request-Id")) {
		t.Errorf("X-Request-Id: %q", w.Header().Get("X-Request-Id"))
	}
	if w.Header().Get("Cache-Control") == "" {
		t.Error("no Cache-Control")
	}
}

func (tc exampleCase) request() *http.Request {
	method := tc.method
	if method == "" {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, tc.path, strings.NewReader(tc.body))
	for _, line := range tc.headers {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	return r
}

// unsized hides a body's length, as chunked transfer does.
type unsized struct{ io.Reader }

const (
	formType  = "Content-Type: application/x-www-form-urlencoded"
	jsonType  = "Content-Type: application/json"
	full      = "Authorization: Bearer " + fullToken
	bare      = "Authorization: Bearer " + bareToken
	basicOfC  = "Authorization: Basic YzpzZWNyZXQ=" // c:secret
	basicAsk  = `WWW-Authenticate: Basic realm="keystone", charset="UTF-8"`
	plainAsk  = `WWW-Authenticate: Bearer realm="keystone"`
	problemCT = "Content-Type: application/problem+json"
)
