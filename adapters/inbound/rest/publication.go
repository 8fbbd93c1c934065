package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// publicCache lets anyone keep what is the same for everyone.
const publicCache = "public, max-age=300"

// publication is a JSON document that is the same for everyone, ready to be
// sent. It is shared, its headers too, and must not be changed.
type publication struct {
	body        []byte
	tag         string
	anew, again headers // of an answer with the document, and of one without
}

func publish(body []byte) *publication {
	sum := sha256.Sum256(body)
	p := &publication{body: body, tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
	p.again = headers{{"Cache-Control", []string{publicCache}}, {"Etag", []string{p.tag}}}
	p.anew = append(slices.Clip(p.again), headerLine{"Content-Type", []string{mediaJSON}})
	return p
}

// write answers with the document, or with 304 to who has it already
// (RFC 9110, section 15.4.5).
func (p *publication) write(c echo.Context) error {
	response := c.Response()
	if names(c.Request().Header["If-None-Match"], p.tag) {
		p.again.addTo(response.Header())
		response.WriteHeader(http.StatusNotModified)
		return nil
	}
	p.anew.addTo(response.Header())
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
