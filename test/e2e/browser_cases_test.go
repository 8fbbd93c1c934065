package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

const hostileText = `"><svg/onload=alert(1)><script>alert(2)</script>`

// pages are what the server shows people.
var pages = []string{"/verify-email", "/reset-password"}

// TestPages: plain forms that nothing foreign gets into.
func TestPages(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		foreign := regexp.MustCompile(`(?i)(src|href|action)="?(https?:)?//|<script|<link|<iframe|style=|\son[a-z]+=|url\(`)
		for _, path := range pages {
			for kind, c := range map[string]call{
				"empty": {method: "GET", path: path}, "a token": {method: "GET", path: path + "?token=ksp_abc"}, "head": {method: "HEAD", path: path},
				"a wrong token": {path: path, form: form("token", "ksp_abc", "new_password", newPassword())},
			} {
				t.Run("WEB-01 "+path+" "+kind, func(t *testing.T) {
					got := s.send(t, c)
					h := got.header
					for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
						if !strings.Contains(h.Get("Content-Security-Policy"), directive) {
							t.Errorf("no %s in %q", directive, h.Get("Content-Security-Policy"))
						}
					}
					for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin"} {
						if h.Get(name) != want {
							t.Errorf("%s is %q", name, h.Get(name))
						}
					}
					if media := h.Get("Content-Type"); !strings.HasPrefix(media, "text/html") || !strings.Contains(strings.ToLower(media), "utf-8") {
						t.Errorf("Content-Type %q", media)
					}
				})
				t.Run("WEB-02 "+path+" "+kind, func(t *testing.T) {
					if found := foreign.FindString(string(s.send(t, c).body)); found != "" {
						t.Errorf("the page has %q", found)
					}
				})
			}
			for kind, c := range map[string]call{
				"query":   {method: "GET", path: path + "?token=" + escapedForm(hostileText) + "&error_description=" + escapedForm(hostileText)},
				"path":    {method: "GET", path: path + "/" + escapedForm(hostileText)},
				"form":    {path: path, form: form("token", hostileText, "new_password", newPassword())},
				"headers": {method: "GET", path: path, header: http.Header{"X-Forwarded-Host": {hostileText}, "Referer": {hostileText}, "User-Agent": {hostileText}}},
			} {
				t.Run("WEB-08 "+path+" "+kind, func(t *testing.T) {
					got := s.send(t, c)
					if body := string(got.body); strings.Contains(body, "<svg") || strings.Contains(body, "<script>alert") {
						t.Errorf("%s", body)
					}
				})
			}
		}
		t.Run("WEB-11", func(t *testing.T) {
			page := string(s.get(t, "/reset-password?token=ksp_abc").body)
			for _, want := range []string{`type="password"`, `autocomplete="new-password"`, `<form method="post"`, `<html lang="en">`} {
				if !strings.Contains(page, want) {
					t.Errorf("without %s: %s", want, page)
				}
			}
		})
		t.Run("WEB-08 profile", func(t *testing.T) {
			const name = `<img src=x onerror=alert(3)>`
			got := s.as(t, s.login(t, s.register(t)).Access, "PATCH", mePath, text(members{"display_name": name}), 200)
			if got.header.Get("Content-Type") != mediaJSON || got.text("display_name") != name {
				t.Errorf("%v %s", got.header, got.body)
			}
		})
	})
}

// TestNothingToRideOn: no answer sets a cookie and none is looked at, and what a
// page of another site can send without a preflight changes nothing.
func TestNothingToRideOn(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		w := newWorld(t, s)
		before := s.records(t)
		foreign := http.Header{
			"Cookie": {"session=" + w.session.Access + "; access_token=" + w.admin.Access + "; sid=" + sessionOf(t, w.session)},
			"Origin": {"https://evil.example"}, "Referer": {"https://evil.example/"}, "Sec-Fetch-Site": {"cross-site"},
		}
		simple := map[string]call{
			"text": {raw: `{"username":"x"}`, media: "text/plain"}, "a form": {form: "username=x&email=x%40example.com"},
			"multipart": {raw: "--x--\r\n", media: "multipart/form-data; boundary=x"}, "nothing": {},
		}
		changing := 0
		for _, o := range s.operations(t) {
			if !o.changes() {
				continue
			}
			changing++
			for kind, c := range simple {
				t.Run(fmt.Sprintf("WEB-16, INP-01 %s %s, %s", o.method, o.path, kind), func(t *testing.T) {
					c.method, c.path, c.header = o.method, o.at(w.session.UserID, w.app.ID), foreign
					got := s.send(t, c)
					open := o.path == registerPath || strings.HasPrefix(o.path, verifyPath) || strings.HasPrefix(o.path, resetPath)
					oauth := strings.HasPrefix(o.path, "/api/v1/auth/")
					switch {
					case open && got.status != http.StatusUnsupportedMediaType: // without any credential, JSON alone
						t.Errorf("%d, want 415", got.status)
					case !open && !oauth && got.status != unauthorized:
						t.Errorf("%d, want 401", got.status)
					case got.status < 400:
						t.Errorf("%d: it was done", got.status)
					}
					if got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Set-Cookie") != "" {
						t.Errorf("%v", got.header)
					}
					if media := got.header.Get("Content-Type"); strings.Contains(media, "html") {
						t.Errorf("an error of type %s", media)
					}
				})
			}
		}
		if changing < 35 {
			t.Errorf("only %d operations change anything", changing)
		}
		if after := s.records(t); after != before {
			t.Error("WEB-16: something was changed")
		}
		t.Run("WEB-03, WEB-04 no answer sets a cookie", func(t *testing.T) {
			for _, c := range []call{passwordGrant(w.alice), me(w.session.Access), {method: "GET", path: "/docs"}, {method: "GET", path: pages[0]}, {method: "GET", path: pages[1]}} {
				if got := s.want(t, http.StatusOK, c); got.header.Get("Set-Cookie") != "" {
					t.Errorf("%s: %v", c.path, got.header)
				}
			}
		})
	})
}

// TestOrigins: browsers of the configured origins may read, of no others.
func TestOrigins(t *testing.T) {
	const allowed = "https://app.example"
	eachStoreCase(t, "WEB-16", settings{"CORS_ORIGINS": allowed}, func(t *testing.T, s *Server) {
		preflight := http.Header{"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization"}}
		for origin, want := range map[string]string{
			allowed: allowed, "https://app.example.evil.example": "", "https://evil.example": "", "http://app.example": "", "https://app.example:8443": "", "https://APP.example": "",
			"https://sub.app.example": "", "https://app.example/": "", "null": "", "*": "", allowed + ", https://evil.example": "",
		} {
			for _, method := range []string{"POST", "OPTIONS"} {
				c := passwordGrant(account{Username: "nobody", Password: newPassword()})
				c.method, c.header = method, http.Header{"Origin": {origin}}
				if method == "OPTIONS" {
					c.form = ""
					for name, value := range preflight {
						c.header[name] = value
					}
				}
				got := s.send(t, c)
				if got.header.Get("Access-Control-Allow-Origin") != want || got.header.Get("Access-Control-Allow-Credentials") != "" || got.header.Get("Vary") != "Origin" {
					t.Errorf("%s %s: %v", method, origin, got.header)
				}
			}
		}
		two := s.send(t, call{method: "GET", path: "/healthz", header: http.Header{"Origin": {allowed, "https://evil.example"}}})
		if two.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("two origins: %v", two.header)
		}
	})
}

// TestStrictTransport: an https issuer says so in every answer, a http one does not.
func TestStrictTransport(t *testing.T) {
	eachStoreCase(t, "WEB-01", settings{"ISSUER": "https://auth.example"}, func(t *testing.T, s *Server) {
		for _, c := range []call{{method: "GET", path: "/healthz"}, {method: "GET", path: pages[0]}, {method: "GET", path: "/nothing"}, {path: tokenPath, form: "x=y"}, {method: "GET", path: mePath}} {
			if got := s.send(t, c); !strings.HasPrefix(got.header.Get("Strict-Transport-Security"), "max-age=31536000") {
				t.Errorf("%s: %q", c.path, got.header.Get("Strict-Transport-Security"))
			}
		}
	})
}

// raw sends bytes as they are and gives the answer, nil where the connection
// was closed without one.
func (s *Server) raw(t *testing.T, request string) *answer {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }() // all that counts was read
	if err := connection.SetDeadline(time.Now().Add(startWithin)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, request); err != nil {
		return nil
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return nil
	}
	defer func() { _ = response.Body.Close() }() // read below
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{response.StatusCode, response.Header, body}
}

// TestRawRequests: what no client of a library sends.
func TestRawRequests(t *testing.T) {
	eachStore(t, nil, func(t *testing.T, s *Server) {
		const discovery = "/.well-known/oauth-authorization-server"
		for kind, request := range map[string]string{
			"unknown host": "GET " + discovery + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
			"absolute":     "GET http://evil.example" + discovery + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
			"HTTP/1.0":     "GET " + discovery + " HTTP/1.0\r\n\r\n",
			"no host":      "GET " + discovery + " HTTP/1.1\r\nConnection: close\r\n\r\n",
			"two hosts":    "GET " + discovery + " HTTP/1.1\r\nHost: a\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
		} {
			t.Run("OPS-17 "+kind, func(t *testing.T) {
				got := s.raw(t, request)
				if got == nil || got.status != http.StatusOK && got.status != badRequest || strings.Contains(string(got.body), "evil") {
					t.Errorf("%+v", got)
				}
				if got != nil && got.status == http.StatusOK && got.text("issuer") != s.Issuer {
					t.Errorf("issuer %q", got.text("issuer"))
				}
			})
		}
		for kind, request := range map[string]string{
			"two lengths":       "POST " + tokenPath + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nx=ytt",
			"length and chunks": "POST " + tokenPath + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
			"a negative length": "POST " + tokenPath + " HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
			"a huge header":     "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
			"no HTTP":           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
			"a folded header":   "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		} {
			t.Run("INP-05 "+kind, func(t *testing.T) {
				got := s.raw(t, request)
				if got != nil && (got.status < 400 || got.status > 501 || got.status == http.StatusInternalServerError || strings.Contains(string(got.body), "<html")) {
					t.Errorf("%d %s", got.status, got.body)
				}
			})
		}
		s.get(t, "/healthz")
	})
}
