package rest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

// maxBody bounds every request body, in bytes.
const maxBody = 1 << 20

// smallBody is what memory is set aside for on a client's word, in bytes; more
// is taken as it comes.
const smallBody = 8 << 10

// smallBodies are read into memory that is used again.
var smallBodies = sync.Pool{New: func() any { return new([smallBody]byte) }}

// readText is readBody for what is kept as text.
func readText(c echo.Context) (string, error) {
	buffer := smallBodies.Get().(*[smallBody]byte)
	defer smallBodies.Put(buffer)
	body, err := readInto(c, buffer[:])
	if err != nil {
		clear(buffer[:]) // of what came of it
		return "", err
	}
	defer clear(body) // there may be secrets in it
	return string(body), nil
}

// readBody reads a whole body of at most maxBody bytes.
func readBody(c echo.Context) ([]byte, error) { return readInto(c, nil) }

// readInto is readBody into a buffer where the body fits.
func readInto(c echo.Context, buffer []byte) (body []byte, err error) {
	r := c.Request()
	switch announced := r.ContentLength; {
	case announced > maxBody:
		return nil, tooLarge()
	case announced >= 0 && announced <= smallBody:
		if body = buffer; int64(len(buffer)) < announced {
			body = make([]byte, announced)
		}
		body = body[:announced]
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
