package rest

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

const (
	mediaForm = "application/x-www-form-urlencoded"

	// maxParameters bounds a form; unknown parameters count, as they are ignored
	// but not free.
	maxParameters = 256
)

// readForm reads the parameters of the body; those of the query do not count
// (RFC 6749, section 2.3.1).
func readForm(c echo.Context) (map[string]string, error) {
	if err := checkMedia(c.Request().Header, mediaForm); err != nil {
		return nil, err
	}
	body, err := readText(c)
	if err != nil {
		return nil, err
	}
	return parseForm(body)
}

// parseForm refuses repeated parameters and treats empty ones as absent
// (RFC 6749, section 3.2).
func parseForm(body string) (map[string]string, error) {
	if strings.Count(body, "&") >= maxParameters {
		return nil, domain.Invalid(domain.CodeInvalidRequest, "the body has too many parameters")
	}
	form := make(map[string]string, 8)
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, okName := unescape(name)
		value, okValue := unescape(value)
		if !okName || !okValue {
			return nil, domain.Invalid(domain.CodeInvalidRequest, "the body is not form-encoded UTF-8")
		}
		if _, repeated := form[name]; repeated {
			return nil, domain.Invalid(domain.CodeInvalidRequest, "a parameter is repeated")
		}
		form[name] = value
	}
	for name, value := range form {
		if value == "" {
			delete(form, name)
		}
	}
	return form, nil
}

// unescape undoes form encoding; it accepts only UTF-8 without NUL.
func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 // nothing is escaped, as in tokens
	}
	plain, err := url.QueryUnescape(s)
	return plain, err == nil && utf8.ValidString(plain) && strings.IndexByte(plain, 0) < 0
}
