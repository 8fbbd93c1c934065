package rest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// What one request costs in this layer, against bare Echo.
func BenchmarkRequests(b *testing.B) {
	p := obliging()
	p.asClient = func(context.Context, inbound.ClientCredentials, domain.Secret) (inbound.Introspection, error) {
		return inbound.Introspection{Active: true}, nil
	}
	s, err := New(configured(), UseCases{
		Tokens: p, Introspector: p, Revoker: p, Authenticator: p, Sessions: p, Metadata: p,
		Accounts: p, Permissions: p, ClientAuth: p, Clients: p, Health: p,
	})
	if err != nil {
		b.Fatal(err)
	}
	bareEcho := echo.New()
	bareEcho.GET("/", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, []byte(`{"active":true}`)) })

	for _, bc := range []struct {
		name    string
		handler http.Handler
		request exampleCase
	}{
		{"bare Echo", bareEcho, exampleCase{method: "GET", path: "/"}},
		{"discovery", s.Handler(), exampleCase{method: "GET", path: discoveryPath}},
		{"me", s.Handler(), exampleCase{method: "GET", path: mePath, headers: []string{full}}},
		{"introspect", s.Handler(), exampleCase{path: introspectPath, headers: []string{formType, basicOfC}, body: "token=x"}},
		{"check", s.Handler(), exampleCase{path: checkPath, headers: []string{full, jsonType}, body: `{"resource":"users","action":"read"}`}},
		{"token", s.Handler(), exampleCase{path: tokenPath, headers: []string{formType, basicOfC}, body: "grant_type=client_credentials&scope=read%3Aprofile"}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			r := bc.request.request()
			body := strings.NewReader(bc.request.body)
			for b.Loop() {
				p.calls = p.calls[:0]
				body.Reset(bc.request.body)
				r.Body = http.NoBody
				if bc.request.body != "" {
					r.Body = nopCloser{body}
				}
				w := &discard{header: make(http.Header, 16)}
				bc.handler.ServeHTTP(w, r)
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
		})
	}
}

// discard costs less than a recorder, which clones every header.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }
