package rest

import (
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

const (
	mediaJSON       = "application/json"
	mediaMergePatch = "application/merge-patch+json"

	maxDepth     = 32 // of nested arrays and objects
	maxFieldName = 64 // bytes of a field's name that an answer repeats
	maxMisfits   = 32 // fields that an answer names, of what the client made up
)

var (
	strict         = json.JoinOptions(json.RejectUnknownMembers(true))
	errNotAnObject = errors.New("not an object")
	errTooDeep     = errors.New("too deep")
	errNUL         = errors.New("NUL in a string")
)

// readJSON reads a JSON object into a wire type. What is not one is malformed
// (400); what does not fit the type is a broken field (422).
func readJSON(c echo.Context, into any, media ...string) error {
	if err := checkMedia(c.Request().Header, media...); err != nil {
		return err
	}
	body, err := readBody(c)
	if err != nil {
		return err
	}
	return decode(body, into)
}

// readOptionalJSON is readJSON for a body that may be missing, and then needs
// no Content-Type.
func readOptionalJSON(c echo.Context, into any) error {
	if c.Request().ContentLength == 0 {
		return nil
	}
	body, err := readBody(c)
	if err != nil || len(body) == 0 {
		return err
	}
	if err := checkMedia(c.Request().Header, mediaJSON); err != nil {
		return err
	}
	return decode(body, into)
}

// readNothing refuses a body where none is taken, but for an empty object: who
// sends more means something that would not happen.
func readNothing(c echo.Context) error { return readOptionalJSON(c, &struct{}{}) }

// decode refuses what other parsers might read otherwise (RFC 8259, section 4;
// RFC 7493): repeated names, names in another case, invalid UTF-8, trailing data.
func decode(body []byte, into any) error {
	if err := precheck(body); err != nil {
		return malformed(err)
	}
	err := json.Unmarshal(body, into, strict)
	var misfit *json.SemanticError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &misfit), !jsontext.Value(body).IsValid(): // syntax is judged first, behind the misfit too
		return malformed(err)
	case errors.Is(err, json.ErrUnknownName):
		return domain.InvalidFields(domain.Field{Name: fieldName(misfit.JSONPointer), Code: "unknown", Message: "is not known here"})
	}
	return domain.InvalidFields(domain.Field{Name: fieldName(misfit.JSONPointer), Code: "type", Message: "must be " + wanted(misfit.GoType)})
}

func malformed(cause error) error {
	return domain.Invalid(domain.CodeInvalidRequest, "the body must be one well-formed JSON object").Because(cause)
}

// precheck looks at the bytes alone, before anything is allocated for them:
// an object, of bounded depth, without NUL in any string.
func precheck(body []byte) error {
	start := 0
	for start < len(body) && (body[start] == ' ' || body[start] == '\t' || body[start] == '\r' || body[start] == '\n') {
		start++
	}
	if start == len(body) || body[start] != '{' {
		return errNotAnObject
	}
	depth, quoted := 0, false
	for i := start; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			if i+5 < len(body) && string(body[i+1:i+6]) == "u0000" {
				return errNUL
			}
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// fieldName turns a JSON pointer into the dotted form of the contract. The name
// of an unknown field is the client's own: it is cut, and escaped by JSON.
func fieldName(p jsontext.Pointer) string {
	var parts []string
	for part := range p.Tokens() {
		parts = append(parts, part)
	}
	return shortened(strings.Join(parts, "."))
}

// shortened cuts a name that the client made up.
func shortened(name string) string {
	if len(name) > maxFieldName {
		name = name[:maxFieldName]
		for !utf8.ValidString(name) {
			name = name[:len(name)-1]
		}
	}
	return name
}

// wanted names a type in JSON's words.
func wanted(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int64:
		return "an integer"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "of another type"
}

// write answers with v as JSON.
func write(response *echo.Response, status int, media string, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true)) // maps in order
	if err != nil {
		return domain.Internal(err)
	}
	return writeBytes(response, status, media, body)
}

func writeBytes(response *echo.Response, status int, media string, body []byte) error {
	response.Header().Set("Content-Type", media)
	response.WriteHeader(status)
	_, err := response.Write(body)
	return err
}
