package rest

import (
	"context"
	"net/http"
	"testing"
)

func TestPublicationsAreSentOnce(t *testing.T) {
	p := obliging()
	keys := []byte(`{"keys":[]}`)
	p.jwks = func(context.Context) ([]byte, error) { return keys, nil }
	s, _ := serve(t, p, configured())
	send := func(method, path, held string, want int) http.Header {
		t.Helper()
		c := exampleCase{method: method, path: path}
		if held != "" {
			c.headers = []string{"If-None-Match: " + held}
		}
		got := ask(s, c.request())
		if got.Code != want {
			t.Errorf("%s %s with %q: %d, want %d", method, path, held, got.Code, want)
		}
		if h := got.Header(); h.Get("Cache-Control") != "public, max-age=300" || h.Get("ETag") == "" {
			t.Errorf("%s: Cache-Control %q, ETag %q", path, h.Get("Cache-Control"), h.Get("ETag"))
		}
		if empty := got.Body.Len() == 0; empty != (want == http.StatusNotModified) && method == http.MethodGet {
			t.Errorf("%s with %q: %d bytes", path, held, got.Body.Len())
		}
		return got.Header()
	}
	for _, path := range []string{discoveryPath, jwksPath, openAPIPath} {
		tag := send("GET", path, "", http.StatusOK).Get("ETag")
		for _, held := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			send("GET", path, held, http.StatusNotModified)
			send("HEAD", path, held, http.StatusNotModified)
		}
		for _, held := range []string{`"other"`, tag[1 : len(tag)-1], tag[:len(tag)-2] + `"`, ","} {
			send("GET", path, held, http.StatusOK)
		}
	}
	before := send("GET", jwksPath, "", http.StatusOK).Get("ETag")
	keys = []byte(`{"keys":[{}]}`)
	if after := send("GET", jwksPath, before, http.StatusOK).Get("ETag"); after == before {
		t.Error("a rotated ring has the tag of the one before")
	}
}

// RFC 8414, section 3.1: the path of the issuer follows the well-known part.
func TestDiscoveryOfAnIssuerWithAPath(t *testing.T) {
	for issuer, found := range map[string]map[string]bool{
		"https://auth.example.com/":        {discoveryPath: true, discoveryPath + "/": false, discoveryPath + "/auth": false},
		"https://auth.example.com/auth/":   {discoveryPath: true, discoveryPath + "/auth": true, discoveryPath + "/other": false, discoveryPath + "/auth/x": false},
		"https://auth.example.com/a:b/*/c": {discoveryPath: true, discoveryPath + "/a:b/*/c": true, discoveryPath + "/a:x/y/c": false},
	} {
		config := configured()
		config.Issuer = issuer
		s, _ := serve(t, obliging(), config)
		plain := ask(s, exampleCase{method: "GET", path: discoveryPath}.request()).Body.String()
		for path, want := range found {
			got := ask(s, exampleCase{method: "GET", path: path}.request())
			if (got.Code == http.StatusOK) != want || want == (got.Code == http.StatusNotFound) || want && got.Body.String() != plain {
				t.Errorf("%s of %s: %d %s", path, issuer, got.Code, got.Body)
			}
		}
	}
}
