package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// headers are set alike on many answers: their names are in canonical form, and
// their values are shared, so that neither is made again for each.
type headers []headerLine

type headerLine struct {
	name   string
	values []string
}

func (h headers) addTo(header http.Header) {
	for _, line := range h {
		header[line.name] = line.values
	}
}

// standingHeaders are on every answer; a handler may replace Cache-Control.
func standingHeaders(config Config) headers {
	h := headers{
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"X-Frame-Options", []string{"DENY"}},
		{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
		{"Cache-Control", []string{"no-store"}},
	}
	if strings.HasPrefix(config.Issuer, "https://") {
		h = append(h, headerLine{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	if len(config.CORSOrigins) > 0 {
		h = append(h, headerLine{"Vary", []string{"Origin"}})
	}
	return h
}

// What browsers of an allowed origin may send and read.
const (
	corsRequestHeaders  = "Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id"
	corsResponseHeaders = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
	corsMaxAge          = "600" // seconds
)

// crossOrigin lets browsers of the configured origins read answers, without
// cookies, and tells whether the request was a preflight that is now answered.
func (s *Server) crossOrigin(c echo.Context, x *exchange) bool {
	r, h := c.Request(), c.Response().Header()
	origin := r.Header["Origin"]
	if len(origin) != 1 || !s.origins[origin[0]] {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin[0])
	h.Set("Access-Control-Expose-Headers", corsResponseHeaders)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" || x.resource == nil {
		return false
	}
	h.Set("Access-Control-Allow-Methods", x.resource.allow())
	h.Set("Access-Control-Allow-Headers", corsRequestHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	c.Response().WriteHeader(http.StatusNoContent)
	return true
}

// allow lists the methods of a resource (RFC 9110, section 10.2.1).
func (r *resource) allow() string { return strings.Join(slices.Sorted(slices.Values(r.methods)), ", ") }
