package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// Memory that is used again shows nothing of what it held before: not to a
// shorter body, nor to one whose client broke off, nor in a shorter answer.
func TestWhatIsUsedAgainHoldsNothing(t *testing.T) {
	e := echo.New()
	read := func(body string, announced int64) (string, error) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.ContentLength = announced
		return readText(e.NewContext(r, httptest.NewRecorder()))
	}
	for _, body := range []string{strings.Repeat("secret", 1000), "a=b", "", strings.Repeat("x", smallBody+1), "c"} {
		if got, err := read(body, int64(len(body))); err != nil || got != body {
			t.Errorf("%d bytes: read %d (%v)", len(body), len(got), err)
		}
		if got, err := read("cut", 4000); err == nil || got != "" {
			t.Errorf("a body that broke off is read as %q", got)
		}
	}
	for _, text := range []string{strings.Repeat("secret", 20), "a", strings.Repeat("x", 2*largestKept), "b"} {
		w := httptest.NewRecorder()
		if err := write(echo.NewResponse(w, e), http.StatusOK, mediaJSON, liveness{Status: text}); err != nil {
			t.Fatal(err)
		}
		if got, want := w.Body.String(), `{"status":"`+text+`"}`; got != want {
			t.Errorf("wrote %d bytes, want %d", len(got), len(want))
		}
	}
}
