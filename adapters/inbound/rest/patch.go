package rest

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

// patchText is a text in a merge patch: nil where absent, empty where null.
type patchText struct{ value *string }

// UnmarshalJSONFrom tells null from absent: it is called for what is there.
func (p *patchText) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var value string // null leaves it empty
	if err := json.UnmarshalDecode(d, &value); err != nil {
		return err
	}
	p.value = &value
	return nil
}

// Schema documents it.
func (patchText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}

// check holds the text to a rule where it is there.
func (p patchText) check(rule func(string) error) error {
	if p.value == nil {
		return nil
	}
	return rule(*p.value)
}

// fixed holds a field that can't be changed to what it is, so that what was
// read can be sent back.
func fixed(name string, given patchText, stands string) error {
	if given.value == nil || *given.value == stands {
		return nil
	}
	return domain.InvalidFields(domain.Field{Name: name, Code: "immutable", Message: "can't be changed"})
}

// patchValue is a value of any type in a merge patch: nil where absent, the
// zero value where null.
type patchValue[T any] struct{ value *T }

// UnmarshalJSONFrom tells null from absent: it is called for what is there.
func (p *patchValue[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	p.value = new(T) // null leaves it as it is
	return json.UnmarshalDecode(d, p.value)
}

// Schema documents it.
func (patchValue[T]) Schema(registry huma.Registry) *huma.Schema {
	schema := *huma.SchemaFromType(registry, reflect.TypeFor[T]())
	schema.Nullable = false
	return &huma.Schema{OneOf: []*huma.Schema{&schema, {Type: "null"}}}
}

// writeVersioned answers with a resource and the ETag of its version.
func writeVersioned(c echo.Context, version int64, answer any) error {
	c.Response().Header().Set("ETag", entityTag(version))
	return write(c.Response(), http.StatusOK, mediaJSON, answer)
}

// showVersioned answers who reads a resource whose version stands for all of
// it: with 304 where that one is held already (RFC 9110, section 13.1.2).
func showVersioned(c echo.Context, version int64, answer any) error {
	if tag := entityTag(version); names(c.Request().Header["If-None-Match"], tag) {
		c.Response().Header().Set("ETag", tag)
		return c.NoContent(http.StatusNotModified)
	}
	return writeVersioned(c, version, answer)
}

// writeCreated answers with a resource that was made, and where it is.
func writeCreated(c echo.Context, location string, version int64, answer any) error {
	c.Response().Header().Set("Location", location)
	c.Response().Header().Set("ETag", entityTag(version))
	return write(c.Response(), http.StatusCreated, mediaJSON, answer)
}

// entityTag is the strong ETag of a version (RFC 9110, section 8.8.3).
func entityTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// noVersion is the version of nothing: use cases refuse it, as they do any that
// does not stand, once they have judged what is asked and who asks it.
const noVersion = -1

// expectedVersion reads If-Match (RFC 9110, section 13.1.1): zero where any
// version will do, else the one that must stand. Weak tags never match. Of
// several tags one must be the current version, which current then tells, to
// who may read it; that there is none is for the use case to say.
func expectedVersion(ifMatch []string, current func() (int64, error)) (int64, error) {
	if len(ifMatch) == 0 {
		return 0, nil
	}
	var versions []int64
	for tag := range strings.SplitSeq(strings.Join(ifMatch, ","), ",") {
		tag = strings.Trim(tag, " \t")
		if tag == "*" {
			return 0, nil
		}
		version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
		if err == nil && version > 0 && tag == entityTag(version) {
			versions = append(versions, version)
		}
	}
	if len(versions) == 1 {
		return versions[0], nil
	}
	if len(versions) > 1 {
		version, err := current()
		if err == nil && slices.Contains(versions, version) {
			return version, nil
		}
		if err != nil && !domain.HasCode(err, domain.CodeNotFound) {
			return 0, err
		}
	}
	return noVersion, nil
}
