package keystonetest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Answer is what a request led to.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the JSON of the body.
func (a Answer) Decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, into); err != nil {
		t.Fatalf("keystonetest: %v in the answer %d %s", err, a.Status, a.Body)
	}
}

// Do sends a request with a bearer token, where it is not empty, and a body: nil,
// url.Values for a form, anything else as JSON.
func (s *Server) Do(t testing.TB, method, path, bearer string, body any) Answer {
	t.Helper()
	request := s.request(t, method, path, body)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return s.send(t, request)
}

// Token sends a form to the token endpoint, as a client where there is one.
func (s *Server) Token(t testing.TB, as *Client, form url.Values) Answer {
	t.Helper()
	return s.post(t, "/api/v1/auth/token", as, form)
}

// post sends a form as a client, which names or proves itself in its own way.
func (s *Server) post(t testing.TB, path string, as *Client, form url.Values) Answer {
	t.Helper()
	switch {
	case as == nil:
	case as.Key != nil:
		form = maps.Clone(form)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", as.Assertion(t, as.ID))
	case as.Secret == "":
		form = maps.Clone(form)
		form.Set("client_id", as.ID)
	}
	request := s.request(t, http.MethodPost, path, form)
	if as != nil && as.Secret != "" {
		request.SetBasicAuth(url.QueryEscape(as.ID), url.QueryEscape(as.Secret)) // RFC 6749, section 2.3.1
	}
	return s.send(t, request)
}

// DeviceCodes asks for codes for a device of the client's (RFC 8628, section 3.1):
// the one that it polls with and the one that its user enters.
func (s *Server) DeviceCodes(t testing.TB, as *Client, scopes ...string) (device, user string) {
	t.Helper()
	answer := s.post(t, "/api/v1/auth/device_authorization", as, withScope(url.Values{}, scopes))
	if answer.Status != http.StatusOK {
		t.Fatalf("keystonetest: device codes: %d %s", answer.Status, answer.Body)
	}
	var codes struct {
		Device string `json:"device_code"`
		User   string `json:"user_code"`
	}
	answer.Decode(t, &codes)
	return codes.Device, codes.User
}

func (s *Server) request(t testing.TB, method, path string, body any) *http.Request {
	t.Helper()
	var content io.Reader
	var kind string
	switch b := body.(type) {
	case nil:
	case url.Values:
		content, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			t.Fatalf("keystonetest: %v", err)
		}
		content, kind = bytes.NewReader(encoded), "application/json"
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, content)
	if err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return request
}

func (s *Server) send(t testing.TB, request *http.Request) Answer {
	t.Helper()
	response, err := s.HTTP.Do(request)
	if err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("keystonetest: %v", err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: content}
}

// must sends a request as the superuser, which has to lead to one of the statuses.
func (s *Server) must(t testing.TB, method, path string, body any, statuses ...int) Answer {
	t.Helper()
	answer := s.Do(t, method, path, s.adminToken(t), body)
	for _, status := range statuses {
		if answer.Status == status {
			return answer
		}
	}
	t.Fatalf("keystonetest: %s %s gives %d %s", method, path, answer.Status, answer.Body)
	return answer
}

// adminToken is the superuser's access token, of a login as old as it may be.
func (s *Server) adminToken(t testing.TB) string {
	t.Helper()
	s.adminMutex.Lock()
	defer s.adminMutex.Unlock()
	if now := s.Clock.Now(); !now.Before(s.adminUntil) {
		s.adminTokens = s.Admin.Login(t)
		s.adminUntil = now.Add(s.adminTokens.ExpiresIn / 2)
	}
	return s.adminTokens.Access
}
