package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// standingHeaders are on every answer; a handler may replace Cache-Control.
func standingHeaders(config Config) http.Header {
	h := http.Header{
		"X-Content-Type-Options":  {"nosniff"},
		"Referrer-Policy":         {"no-referrer"},
		"X-Frame-Options":         {"DENY"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
		"Cache-Control":           {"no-store"},
	}
	if strings.HasPrefix(config.Issuer, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if len(config.CORSOrigins) > 0 {
		h.Set("Vary", "Origin")
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
