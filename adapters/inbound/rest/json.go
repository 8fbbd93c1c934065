package rest

import (
	"bytes"
	"errors"
	"sync"
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
	anyText        = jsontext.AllowInvalidUTF8(true) // halves of surrogate pairs too
	errNotAnObject = errors.New("not an object")
	errTooDeep     = errors.New("too deep")
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
	nul, err := precheck(body)
	if err != nil {
		return malformed(err)
	}
	if err = json.Unmarshal(body, into, strict); err == nil && !nul {
		return nil
	}
	if !utf8.Valid(body) || !jsontext.Value(body).IsValid(anyText) { // syntax is judged first, behind a misfit too
		return malformed(err)
	}
	if fields := misfits(body, into); len(fields) > 0 {
		return domain.InvalidFields(fields...)
	}
	return malformed(err)
}

func malformed(cause error) error {
	return domain.Invalid(domain.CodeInvalidRequest, "the body must be one well-formed JSON object").Because(cause)
}

// precheck looks at the bytes alone, before anything is allocated for them:
// an object, of bounded depth. It tells whether a string has an escaped NUL.
func precheck(body []byte) (nul bool, err error) {
	start := 0
	for start < len(body) && (body[start] == ' ' || body[start] == '\t' || body[start] == '\r' || body[start] == '\n') {
		start++
	}
	if start == len(body) || body[start] != '{' {
		return false, errNotAnObject
	}
	depth, quoted := 0, false
	for i := start; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			nul = nul || i+5 < len(body) && string(body[i+1:i+6]) == "u0000"
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false, errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nul, nil
}

// encoder writes one document at a time, and is used again: what it needs would
// else be made for each.
type encoder struct {
	bytes.Buffer
	*jsontext.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.Encoder = jsontext.NewEncoder(&e.Buffer, encoding)
	return e
}}

var encoding = json.Deterministic(true) // maps in order

// largestKept bounds the buffers that are kept for other answers, in bytes.
const largestKept = 64 << 10

// write answers with v as JSON; where that is asked for often v is a pointer, for
// a value is copied twice.
func write(response *echo.Response, status int, media string, v any) error {
	e := encoders.Get().(*encoder)
	e.Buffer.Reset()
	e.Encoder.Reset(&e.Buffer, encoding)
	if err := json.MarshalEncode(e.Encoder, v); err != nil {
		return domain.Internal(err) // and the encoder is not used again
	}
	err := writeBytes(response, status, media, bytes.TrimSuffix(e.Bytes(), []byte{'\n'}))
	if e.Cap() <= largestKept {
		encoders.Put(e)
	}
	return err
}

func writeBytes(response *echo.Response, status int, media string, body []byte) error {
	response.Header().Set("Content-Type", media)
	response.WriteHeader(status)
	_, err := response.Write(body)
	return err
}
