package rest

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
)

// authenticate makes the bearer of the request its caller.
func (s *Server) authenticate(c echo.Context, x *exchange) error {
	r := c.Request()
	raw, err := bearerToken(r.Header)
	if err != nil {
		return err
	}
	x.caller, err = s.use.Authenticator.Authenticate(r.Context(), raw)
	x.subject = x.caller.Claims.Subject
	return err
}

// bearerToken takes the token from the Authorization header, and from nowhere
// else: not from a query or a form (RFC 6750, section 2; RFC 9700, section 4.3.2).
func bearerToken(h http.Header) (string, error) {
	values := h["Authorization"]
	if len(values) > 1 {
		return "", token.InvalidToken("the Authorization header must be sent once")
	}
	if !isBearer(h) {
		return "", domain.E(domain.KindUnauthenticated, domain.CodeMissingToken, "this needs an access token")
	}
	_, raw, _ := strings.Cut(values[0], " ")
	raw = strings.TrimLeft(raw, " ")
	if !isToken68(raw) {
		return "", token.InvalidToken("the access token is malformed")
	}
	return raw, nil
}

// isBearer tells whether the request carries one Authorization header, of the
// scheme Bearer (compared as RFC 9110, section 11.1, says).
func isBearer(h http.Header) bool {
	values := h["Authorization"]
	if len(values) != 1 {
		return false
	}
	scheme, _, _ := strings.Cut(values[0], " ")
	return strings.EqualFold(scheme, "bearer")
}

// token68 are the characters of a token but for its padding. A table, because
// every request looks at hundreds.
var token68 = func() (in [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/") {
		in[c] = true
	}
	return in
}()

// isToken68 holds a token to the grammar of RFC 6750, section 2.1.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if !token68[body[i]] {
			return false
		}
	}
	return body != ""
}

// bearerChallenge words WWW-Authenticate for a refused bearer (RFC 6750,
// section 3): no error where no token came. Empty for other failures.
func bearerChallenge(e *domain.Error) string {
	const realm = `Bearer realm="keystone"`
	switch e.Code {
	case domain.CodeMissingToken:
		return realm
	case domain.CodeInvalidToken:
		return realm + `, error="invalid_token", error_description="` + oauthText(e.Message) + `"`
	case domain.CodeInsufficientScope:
		return realm + `, error="insufficient_scope", error_description="` + oauthText(e.Message) + `", scope="` + oauthText(e.Scope) + `"`
	}
	return ""
}
