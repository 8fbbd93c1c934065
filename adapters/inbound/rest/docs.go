package rest

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

const (
	docsPath  = "/docs"
	mediaHTML = "text/html; charset=utf-8"

	// A browser runs nothing here but the viewer, and speaks to nobody but this
	// server. The viewer writes style attributes, so styles may be inline.
	docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

	// foreverCache is for what never changes under its name.
	foreverCache = "public, max-age=31536000, immutable"
)

// docsFiles are the page, and the viewer as it was published, compressed.
//
//go:embed docs/page.html docs/page.css docs/*.gz docs/*.txt
var docsFiles embed.FS

// docsFile is one part of the page.
type docsFile struct {
	stored string // its name in docsFiles
	media  string
	cache  string
	gzip   bool // stored compressed
}

// docsParts are the files by the last part of their path.
var docsParts = map[string]docsFile{
	"page.css":                  {stored: "docs/page.css", media: "text/css; charset=utf-8", cache: publicCache},
	"rapidoc-9.3.8.js":          {stored: "docs/rapidoc-9.3.8.js.gz", media: "text/javascript; charset=utf-8", cache: foreverCache, gzip: true},
	"rapidoc-9.3.8.LICENSE.txt": {stored: "docs/rapidoc-9.3.8.LICENSE.txt", media: "text/plain; charset=utf-8", cache: foreverCache},
}

// docsRoutes are the viewer of the OpenAPI document.
func (s *Server) docsRoutes() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: docsPath, access: anyone, handle: s.docs,
			tag: tagSystem, id: "docs", summary: "This document, to be read and tried in a browser",
			answer: reflect.TypeFor[string](), media: "text/html", status: http.StatusOK},
		{method: http.MethodGet, path: docsPath + "/:file", access: anyone, handle: s.docsPart, unlisted: true},
	}
}

func (s *Server) docs(c echo.Context, _ *exchange) error {
	c.Response().Header().Set("Content-Security-Policy", docsPolicy)
	return writeDocs(c, docsFile{stored: "docs/page.html", media: mediaHTML, cache: publicCache})
}

func (s *Server) docsPart(c echo.Context, _ *exchange) error {
	file, ok := docsParts[c.Param("file")]
	if !ok {
		return domain.NotFound("there is no such file")
	}
	return writeDocs(c, file)
}

// writeDocs answers with a file, unpacked only for who can't unpack it.
func writeDocs(c echo.Context, file docsFile) error {
	body, err := docsFiles.ReadFile(file.stored)
	if err != nil {
		return domain.Internal(err)
	}
	h := c.Response().Header()
	h.Set("Cache-Control", file.cache)
	if file.gzip {
		h.Add("Vary", "Accept-Encoding")
		if !acceptsGzip(c.Request().Header) {
			return writeUnpacked(c.Response(), file.media, body)
		}
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return writeBytes(c.Response(), http.StatusOK, file.media, body)
}

// writeUnpacked streams, as the whole is no use to keep in memory.
func writeUnpacked(response *echo.Response, media string, packed []byte) error {
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return domain.Internal(err)
	}
	response.Header().Set("Content-Type", media)
	response.WriteHeader(http.StatusOK)
	_, err = io.Copy(response, unpacked) //nolint:gosec // ours, of known size
	return err
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3). What says
// nothing of gzip, or is hard to read, gets the plain file: that is never wrong.
func acceptsGzip(header http.Header) bool {
	accepted := false
	for _, line := range header.Values("Accept-Encoding") {
		for element := range strings.SplitSeq(line, ",") {
			coding, weight, weighted := strings.Cut(element, ";")
			coding = strings.ToLower(strings.TrimSpace(coding))
			positive := !weighted || positiveWeight(weight)
			switch coding {
			case "gzip", "x-gzip":
				return positive
			case "*":
				accepted = positive
			}
		}
	}
	return accepted
}

// positiveWeight tells whether a weight, `q=0.5`, is above zero.
func positiveWeight(weight string) bool {
	name, value, _ := strings.Cut(strings.TrimSpace(weight), "=")
	q, err := strconv.ParseFloat(value, 64)
	return err == nil && strings.EqualFold(name, "q") && q > 0
}
