package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// publicCache lets anyone keep what is the same for everyone.
const publicCache = "public, max-age=300"

// publication is a JSON document that is the same for everyone, ready to be
// sent. It is shared, its headers too, and must not be changed.
type publication struct {
	body   []byte
	header http.Header
}

func publish(body []byte) *publication {
	sum := sha256.Sum256(body)
	return &publication{body: body, header: http.Header{
		"Cache-Control": {publicCache},
		"Content-Type":  {mediaJSON},
		"Etag":          {`"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`},
	}}
}

// write answers with the document, or with 304 to who has it already
// (RFC 9110, section 15.4.5).
func (p *publication) write(c echo.Context) error {
	response := c.Response()
	header := response.Header()
	if names(c.Request().Header["If-None-Match"], p.header["Etag"][0]) {
		header["Cache-Control"], header["Etag"] = p.header["Cache-Control"], p.header["Etag"]
		response.WriteHeader(http.StatusNotModified)
		return nil
	}
	for name, values := range p.header {
		header[name] = values
	}
	response.WriteHeader(http.StatusOK)
	_, err := response.Write(p.body)
	return err
}

// names tells whether If-None-Match names the tag, compared weakly (RFC 9110,
// section 13.1.2).
func names(ifNoneMatch []string, tag string) bool {
	for _, line := range ifNoneMatch {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.Trim(candidate, " \t")
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}
