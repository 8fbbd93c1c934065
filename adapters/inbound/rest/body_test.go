package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBodiesWhereNoneIsTaken sends one to every endpoint that takes none.
func TestBodiesWhereNoneIsTaken(t *testing.T) {
	s := serveAccess(t, &accessPorts{})
	asked := 0
	for _, e := range s.endpoints {
		if !e.bodiless() {
			continue
		}
		asked++
		path := strings.NewReplacer(":id", alice, ":user_code", "BCDF-GHJK", ":name", "auditor", ":role", "user", ":scope", "read:audit").Replace(e.path)
		for name, c := range map[string]struct {
			body, media string
			length      int64 // zero: as it is
			status      int
			code        string
		}{
			"a field":       {body: `{"grace":1}`, media: mediaJSON, status: http.StatusUnprocessableEntity, code: "validation_failed"},
			"no object":     {body: `[]`, media: mediaJSON, status: http.StatusBadRequest, code: "invalid_request"},
			"half a one":    {body: `{`, media: mediaJSON, status: http.StatusBadRequest, code: "invalid_request"},
			"a form":        {body: "a=b", media: mediaForm, status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
			"of no type":    {body: `{}`, status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
			"too much":      {body: `{}`, media: mediaJSON, length: maxBody + 1, status: http.StatusRequestEntityTooLarge, code: "payload_too_large"},
			"too much, sly": {body: strings.Repeat(" ", maxBody+1), media: mediaJSON, length: -1, status: http.StatusRequestEntityTooLarge, code: "payload_too_large"},
			"nothing, sly":  {length: -1},
			"an object":     {body: `{}`, media: mediaJSON},
			"a header only": {media: "text/plain"},
		} {
			r := httptest.NewRequest(e.method, path, strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer "+fullToken)
			if c.media != "" {
				r.Header.Set("Content-Type", c.media)
			}
			if c.length != 0 {
				r.ContentLength = c.length
			}
			switch w := ask(s, r); {
			case c.status == 0 && w.Code >= http.StatusBadRequest:
				t.Errorf("%s %s, %s: %d %s", e.method, path, name, w.Code, w.Body)
			case c.status != 0 && (w.Code != c.status || !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`)):
				t.Errorf("%s %s, %s: %d %s, want %d %s", e.method, path, name, w.Code, w.Body, c.status, c.code)
			}
		}
	}
	if asked < 18 {
		t.Errorf("%d endpoints were asked", asked)
	}
}
