package rest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// viewerSum is the SHA-256 of the viewer as its makers published it.
const viewerSum = "affbd173a65e870e18f392cca963113bcdafb6e50e88cd2f6a834a65b22db94d"

const viewerPath = docsPath + "/rapidoc-9.3.8.js"

func fetch(t *testing.T, target, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	s, _ := serve(t, obliging(), configured())
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	return ask(s, r)
}

// Whatever the page names comes from this server, so a browser that may ask
// nobody else shows it.
func TestDocsNamesOnlyWhatIsServed(t *testing.T) {
	w := fetch(t, docsPath, "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != mediaHTML {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	named := regexp.MustCompile(`(?:src|href|spec-url)="([^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(named) < 4 {
		t.Fatalf("the page names %v", named)
	}
	for _, match := range named {
		if match[1] == "data:," {
			continue
		}
		if part := fetch(t, "/"+match[1], ""); part.Code != http.StatusOK {
			t.Errorf("%s gives %d", match[1], part.Code)
		}
	}
	if page := w.Body.String(); regexp.MustCompile(`<script[^>]*>[^<]|<style|\son\w+=|\sstyle=|//`).MatchString(page) {
		t.Errorf("the page holds code, styles or addresses of its own:\n%s", page)
	}
}

func TestDocsPolicy(t *testing.T) {
	var got []string
	for directive := range strings.SplitSeq(fetch(t, docsPath, "").Header().Get("Content-Security-Policy"), "; ") {
		got = append(got, directive)
	}
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if policy := fetch(t, viewerPath, "").Header().Get("Content-Security-Policy"); policy != "default-src 'none'; frame-ancestors 'none'" {
		t.Errorf("a part of the page has the policy %q", policy)
	}
}

func TestDocsViewerIsAsPublished(t *testing.T) {
	for encoding, packed := range map[string]bool{
		"": false, "gzip": true, "br, GZIP;q=0.5": true, "deflate, x-gzip": true, "*": true,
		"identity": false, "gzip;q=0": false, "*;q=0": false, "*, gzip;q=0": false, "gzip;q=x": false, "gzip;level=9": false,
	} {
		w := fetch(t, viewerPath, encoding)
		h, body := w.Header(), io.Reader(bytes.NewReader(w.Body.Bytes()))
		if got := h.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed %t", encoding, got)
			continue
		}
		if packed {
			unpacked, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = unpacked
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, body); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != viewerSum {
			t.Errorf("%q: the viewer is %s, published was %s", encoding, got, viewerSum)
		}
		if h.Get("Cache-Control") != foreverCache || !slices.Contains(h.Values("Vary"), "Accept-Encoding") {
			t.Errorf("%q: cached as %q, varies by %q", encoding, h.Get("Cache-Control"), h.Values("Vary"))
		}
	}
}

// Names are looked up, never opened: what is embedded beside them stays unseen.
func TestDocsServesNothingElse(t *testing.T) {
	for _, name := range []string{"page.html", "README.md", "rapidoc-9.3.8.js.gz", "..%2fpage.html", "%2e%2e"} {
		w := fetch(t, docsPath+"/"+name, "")
		var got problem
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusNotFound {
			t.Errorf("%s gives %d %v", name, w.Code, err)
		}
	}
}
