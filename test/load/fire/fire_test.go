package fire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// once asks one message over one connection, several times.
func once(t *testing.T, address string, m Message, times int) (status int, body string) {
	t.Helper()
	c := &connection{address: address, deadline: time.Now().Add(10 * time.Second)}
	defer c.close()
	for range times {
		got, raw, err := c.exchange(t.Context(), m.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		status, body = got, string(raw)
	}
	return status, body
}

func TestAnswersAreReadToTheirEnd(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			fmt.Fprint(w, "short")
		case "/chunked":
			fmt.Fprint(w, long) // too long for net/http to know its length
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/closing":
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, "bye")
		}
	})
	for path, want := range map[string]struct {
		status int
		body   string
	}{"/short": {200, "short"}, "/chunked": {200, long}, "/none": {204, ""}, "/closing": {418, "bye"}} {
		if status, body := once(t, address, Message{Path: path}, 3); status != want.status || body != want.body {
			t.Errorf("%s: %d and %d bytes, want %d and %d", path, status, len(body), want.status, len(want.body))
		}
	}
}

func TestMessagesAsTheServerSeesThem(t *testing.T) {
	var got *http.Request
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what is missing shows below
		got = r
	})
	once(t, address, Message{Path: "/a?b=c", Basic: "bmFtZTpzZWNyZXQ=", Form: map[string][]string{"token": {"a b&c"}}}, 1)
	if name, password, ok := got.BasicAuth(); got.Method != "POST" || got.PostForm.Get("token") != "a b&c" || got.FormValue("b") != "c" || !ok || name != "name" || password != "secret" {
		t.Errorf("%+v", got)
	}
	once(t, address, Message{Path: "/", Bearer: "abc", JSON: `{}`}, 1)
	if got.Header.Get("Authorization") != "Bearer abc" || got.Header.Get("Content-Type") != "application/json" || got.ContentLength != 2 {
		t.Errorf("%+v", got)
	}
}

// counter is a visitor who expects a status.
type counter struct {
	want    int
	asked   int
	problem error
	wait    time.Duration
}

func (c *counter) Request(b []byte) []byte {
	c.asked++
	return append(b, Message{Path: "/"}.Bytes()...)
}

func (c *counter) Answer(status int, body []byte) (time.Duration, error) {
	return c.wait, errors.Join(c.problem, Expect(status, c.want, body, []byte("o")))
}

func TestRunCountsAnswersAndErrors(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(10 * time.Millisecond)
		fmt.Fprint(w, "ok")
	})
	good := &counter{want: 200}
	v := Run(t.Context(), address, []Visitor{good}, 200*time.Millisecond)
	if v.Errors != 0 || v.Answers < 1 || int(v.Answers) > good.asked || v.At(50) < 10*time.Millisecond || v.At(99) < v.At(50) {
		t.Errorf("%+v, p50 %s, of %d requests", v, v.At(50), good.asked)
	}
	if want := float64(v.Answers) / 0.2; v.Rate() != want {
		t.Errorf("rate %v, want %v", v.Rate(), want)
	}
	bad := Run(t.Context(), address, []Visitor{&counter{want: 201}, good}, 100*time.Millisecond)
	if bad.Errors == 0 || bad.FirstErr == nil || !strings.Contains(bad.FirstErr.Error(), "status 200, want 201") {
		t.Errorf("a wrong status: %+v", bad)
	}
	if gone := Run(t.Context(), "127.0.0.1:1", []Visitor{good}, 20*time.Millisecond); gone.Errors == 0 || gone.Answers != 0 {
		t.Errorf("nobody there: %+v", gone)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if cut := Run(cancelled, address, []Visitor{good}, time.Minute); cut.Errors == 0 {
		t.Error("a run that was cut short counts")
	}
}

func TestAnswersThatAllComeLateCount(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(100 * time.Millisecond)
		fmt.Fprint(w, "ok")
	})
	v := Run(t.Context(), address, []Visitor{&counter{want: 200}, &counter{want: 200}}, 10*time.Millisecond)
	if v.Answers != 2 || v.Errors != 0 || v.Took < 100*time.Millisecond || v.At(50) < 100*time.Millisecond {
		t.Errorf("%+v, p50 %s", v, v.At(50))
	}
}

func TestWorkCounts(t *testing.T) {
	v := Work(t.Context(), 2, 50*time.Millisecond, func(context.Context) error { time.Sleep(time.Millisecond); return nil })
	if v.Answers < 2 || v.Errors != 0 {
		t.Errorf("%+v", v)
	}
	failed := errors.New("failed")
	if v := Work(t.Context(), 2, 20*time.Millisecond, func(context.Context) error { return failed }); v.Answers != 0 || v.Errors == 0 || !errors.Is(v.FirstErr, failed) {
		t.Errorf("%+v", v)
	}
}

func TestVisitorsWaitWhenTheyAreToldTo(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	polite := &counter{want: 200, wait: time.Hour}
	if Run(t.Context(), address, []Visitor{polite}, 50*time.Millisecond); polite.asked != 1 {
		t.Errorf("asked %d times, want once", polite.asked)
	}
}

func TestSameAsksInTurn(t *testing.T) {
	s := (&Same{Requests: [][]byte{[]byte("a"), []byte("b"), []byte("c")}}).Start(4)
	var asked []byte
	for range 4 {
		asked = s.Request(asked)
	}
	if string(asked) != "cabc" {
		t.Errorf("asked %s, want cabc", asked)
	}
}

func TestMember(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":"1","refresh_token":"ksr_x"}`: "ksr_x", `{"refresh_token": "y" }`: "y", `{"refresh_token":1}`: "", `{"refresh_token":"`: "", ``: "",
	} {
		if got := Member([]byte(body), "refresh_token"); string(got) != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
