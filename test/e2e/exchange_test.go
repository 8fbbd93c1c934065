package e2e

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	tokenPath      = "/api/v1/auth/token"
	introspectPath = "/api/v1/auth/introspect"
	revokePath     = "/api/v1/auth/revoke"
	logoutPath     = "/api/v1/auth/logout"
	checkPath      = "/api/v1/auth/permissions/check"
	registerPath   = "/api/v1/users/register"
	mePath         = "/api/v1/users/me"
	clientsPath    = "/api/v1/clients"

	mediaForm = "application/x-www-form-urlencoded"
	mediaJSON = "application/json"
)

// call is one request. A body is a form or a JSON text, which bring their media
// types, or raw text, or a stream of unknown length.
type call struct {
	method string // POST where empty
	path   string
	form   string
	json   string
	raw    string
	body   io.Reader
	media  string
	basic  client // client_secret_basic
	bearer string
	header http.Header
}

// form encodes names and values in the order given, repeated ones too.
func form(pairs ...string) string {
	var encoded []string
	for i := 0; i+1 < len(pairs); i += 2 {
		encoded = append(encoded, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
	}
	return strings.Join(encoded, "&")
}

func basicHeader(c client) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.ID)+":"+url.QueryEscape(c.Secret)))
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// member is a member of the JSON object that was answered, nil if there is none.
func (a answer) member(name string) any {
	var object map[string]any
	if json.Unmarshal(a.body, &object) != nil {
		return nil
	}
	return object[name]
}

func (a answer) text(name string) string {
	text, _ := a.member(name).(string)
	return text
}

func newHTTPClient(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConns: 100, MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute,
		ExpectContinueTimeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// try sends a request; what is secret in it and in its answer is noted.
func (s *Server) try(c call) (answer, error) {
	method, body := c.method, c.body
	if method == "" {
		method = http.MethodPost
	}
	media := c.media
	switch {
	case c.form != "":
		body = strings.NewReader(c.form)
		if media == "" {
			media = mediaForm
		}
		s.secrets.keepForm(c.form)
	case c.json != "":
		body = strings.NewReader(c.json)
		if media == "" {
			media = mediaJSON
		}
		s.secrets.keepJSON([]byte(c.json))
	case c.raw != "":
		body = strings.NewReader(c.raw)
	}
	request, err := http.NewRequest(method, s.URL+c.path, body)
	if err != nil {
		return answer{}, err
	}
	for name, values := range c.header {
		request.Header[name] = values
	}
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	if c.basic.ID != "" {
		request.Header.Set("Authorization", basicHeader(c.basic))
		s.secrets.keep(c.basic.Secret)
	}
	if c.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+c.bearer)
		s.secrets.keep(c.bearer)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end, or the error says so
	got := answer{status: response.StatusCode, header: response.Header}
	if got.body, err = io.ReadAll(response.Body); err != nil {
		return answer{}, err
	}
	s.secrets.keepJSON(got.body)
	s.observe(request, c.form+c.json+c.raw, c.body == nil, got)
	return got, nil
}

// patience is how often send tries again. A machine that is busy for a second
// leaves the state of revocations unknown, and clients are asked to come back.
const patience = 5

// send is try for who counts on an answer. Like any good client it tries again
// where it is asked to, which costs nothing but time.
func (s *Server) send(t *testing.T, c call) answer {
	t.Helper()
	for attempt := 1; ; attempt++ {
		got, err := s.try(c)
		if err != nil {
			t.Fatal(err)
		}
		after, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != http.StatusServiceUnavailable || err != nil || c.body != nil || attempt == patience {
			return got
		}
		t.Logf("%s %s is not available now; again in %d s", c.method, c.path, after)
		time.Sleep(time.Duration(after) * time.Second)
	}
}

// want is send for who counts on one status.
func (s *Server) want(t *testing.T, status int, c call) answer {
	t.Helper()
	got := s.send(t, c)
	if got.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", c.method, c.path, got.status, status, got.body)
	}
	return got
}

func (s *Server) get(t *testing.T, path string) answer {
	t.Helper()
	return s.want(t, http.StatusOK, call{method: "GET", path: path})
}

// atOnce sends n requests together and gives the answers in their order.
func atOnce(t *testing.T, n int, send func(i int) (answer, error)) []answer {
	t.Helper()
	answers, errs := make([]answer, n), make([]error, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			answers[i], errs[i] = send(i)
		})
	}
	close(begin)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

// statuses counts the answers by status.
func statuses(answers []answer) map[int]int {
	count := map[int]int{}
	for _, a := range answers {
		count[a.status]++
	}
	return count
}
