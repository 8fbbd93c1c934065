package rest

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

// maxBody bounds every request body, in bytes.
const maxBody = 1 << 20

// smallBody is what memory is set aside for on a client's word, in bytes; more
// is taken as it comes.
const smallBody = 8 << 10

// readBody reads a whole body of at most maxBody bytes.
func readBody(c echo.Context) (body []byte, err error) {
	r := c.Request()
	switch announced := r.ContentLength; {
	case announced > maxBody:
		return nil, tooLarge()
	case announced >= 0 && announced <= smallBody:
		body = make([]byte, announced)
		_, err = io.ReadFull(r.Body, body) // of which the server gives no more
	default:
		body, err = io.ReadAll(http.MaxBytesReader(c.Response().Writer, r.Body, maxBody))
	}
	if err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return nil, tooLarge()
		}
		return nil, domain.Invalid(domain.CodeInvalidRequest, "the body could not be read").Because(err)
	}
	return body, nil
}

func tooLarge() error { return domain.Invalid(codeTooLarge, "the body must be at most 1 MiB") }

// checkMedia holds the one Content-Type of a request to the given media types,
// in any case and with any parameters (RFC 9110, section 8.3.1).
func checkMedia(h http.Header, allowed ...string) error {
	if values := h["Content-Type"]; len(values) == 1 {
		media, _, _ := strings.Cut(values[0], ";")
		media = strings.TrimSpace(media)
		for _, a := range allowed {
			if strings.EqualFold(media, a) {
				return nil
			}
		}
	}
	return domain.Invalid(codeMediaType, "the Content-Type must be "+strings.Join(allowed, " or "))
}
