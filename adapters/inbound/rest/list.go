package rest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

// listParameters are in the query of every list.
var listParameters = []field{
	{name: "limit", description: "How many at most", numeric: &numeric{least: 1, most: domain.MaxPageSize, preset: domain.DefaultPageSize}},
	{name: "cursor", description: "The next_cursor of the page before"},
}

// listAnswer is one page of a list (contract, section 2).
type listAnswer[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor" doc:"null: this is the last page"`
}

// maxCursor bounds what is looked at as a cursor, in bytes.
const maxCursor = 1024

const checksumBytes = 4

// checksum ties a key to its list, so that a cursor that was cut, changed or
// taken from another list is refused. It protects nothing: what a cursor says
// is no secret, and whoever may read the list may start where they like.
func checksum(list, after string) uint32 {
	return crc32.ChecksumIEEE([]byte(list + "\x00" + after))
}

// cursor wraps the key of a list's last item.
func cursor(list, after string) string {
	raw := binary.BigEndian.AppendUint32(nil, checksum(list, after))
	return base64.RawURLEncoding.EncodeToString(append(raw, after...))
}

func parseCursor(list, cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > maxCursor || len(raw) <= checksumBytes || !utf8.Valid(raw[checksumBytes:]) {
		return "", domain.InvalidCursor()
	}
	after := string(raw[checksumBytes:])
	if canonical := base64.RawURLEncoding.EncodedLen(len(raw)) == len(cursor); !canonical || // the decoder skips line breaks
		binary.BigEndian.Uint32(raw) != checksum(list, after) {
		return "", domain.InvalidCursor()
	}
	return after, nil
}

// page reads limit and cursor from the query. A list is named by its
// operation id.
func page(c echo.Context, list string) (domain.Page, error) {
	page := domain.Page{Limit: domain.DefaultPageSize}
	limit, given, bad := queryValue(c, "limit")
	if given {
		if number, err := strconv.Atoi(limit); err == nil && number >= 1 && number <= domain.MaxPageSize {
			page.Limit = number
		} else {
			bad = domain.InvalidFields(domain.Field{Name: "limit", Code: "range", Message: fmt.Sprintf("must be 1 to %d", domain.MaxPageSize)})
		}
	}
	after, given, err := queryValue(c, "cursor")
	if given && after != "" {
		page.After, err = parseCursor(list, after)
	}
	if err := domain.AllFields(bad, err); err != nil {
		return domain.Page{}, err
	}
	return page, nil
}

// filterOf reads one parameter that picks items of a list.
type filterOf struct {
	name string
	take func(value string) *domain.Field // gives what is wrong with it
}

// readFilters reads the parameters in their order, and names all that are
// wrong. Empty is absent.
func readFilters(c echo.Context, filters ...filterOf) error {
	checks := make([]error, len(filters))
	for i, filter := range filters {
		value, _, err := queryValue(c, filter.name)
		if err == nil && value != "" {
			if wrong := filter.take(value); wrong != nil {
				err = domain.InvalidFields(*wrong)
			}
		}
		checks[i] = err
	}
	return domain.AllFields(checks...)
}

// checkQuery refuses parameters that a list does not know: who misspells a
// filter would take what it lets through for what was asked.
func checkQuery(c echo.Context, known []field) error {
	query, err := readQuery(c)
	if err != nil {
		return err
	}
	var unknown []domain.Field
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.ContainsFunc(known, func(f field) bool { return f.name == name }) && len(unknown) < maxMisfits {
			unknown = append(unknown, domain.Field{Name: shortened(name), Code: "unknown", Message: "is not known here"})
		}
	}
	return domain.InvalidFields(unknown...)
}

func readQuery(c echo.Context) (url.Values, error) {
	query, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, domain.Invalid(domain.CodeInvalidRequest, "the query could not be read")
	}
	return query, nil
}

// queryValue gives the one value of a query parameter. A query that can't be
// read, or names the parameter twice, is refused: nobody knows which is meant.
func queryValue(c echo.Context, name string) (value string, given bool, err error) {
	query, err := readQuery(c)
	switch values := query[name]; {
	case err != nil:
		return "", false, err
	case len(values) > 1:
		return "", false, domain.InvalidFields(domain.Field{Name: name, Code: "repeated", Message: "must be given once"})
	case len(values) == 1:
		return values[0], true, nil
	}
	return "", false, nil
}

// writeList answers with a page, each item as the wire shows it.
func writeList[T, W any](c echo.Context, list string, found domain.Listing[T], show func(T) W) error {
	answer := listAnswer[W]{Items: make([]W, len(found.Items))}
	for i, item := range found.Items {
		answer.Items[i] = show(item)
	}
	if found.Next != "" {
		next := cursor(list, found.Next)
		answer.NextCursor = &next
	}
	return write(c.Response(), http.StatusOK, mediaJSON, answer)
}

// pathValue gives a part of the path, decoded. Where the client wrote escapes
// that it need not (%3A for a colon), the router matches them as written.
func pathValue(c echo.Context, name string) string {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return value
	}
	decoded, err := url.PathUnescape(value)
	if err != nil {
		return value // net/url has read the whole path before, so this can't be
	}
	return decoded
}
