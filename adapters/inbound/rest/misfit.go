package rest

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keystone-auth/keystone/domain"
)

// misfits looks again at a body that was refused, and names the members that do
// not fit, in the order of the body: at most maxMisfits.
func misfits(body []byte, into any) (fields []domain.Field) {
	members := jsontext.NewDecoder(bytes.NewReader(body), anyText)
	_, err := members.ReadToken() // the brace
	for err == nil && members.PeekKind() == '"' && len(fields) < maxMisfits {
		var name, value jsontext.Value
		if name, err = members.ReadValue(); err != nil {
			break
		}
		alone, at := slices.Concat([]byte{'{'}, name, []byte{':'}), members.StackPointer()
		if value, err = members.ReadValue(); err != nil {
			break
		}
		fields = append(fields, misfit(slices.Concat(alone, value, []byte{'}'}), at, into)...)
	}
	return fields
}

// misfit tells what is wrong with an object of one member, if anything.
func misfit(object []byte, at jsontext.Pointer, into any) []domain.Field {
	var misfit *json.SemanticError
	nul, _ := precheck(object) // its form was judged with the whole body
	switch err := json.Unmarshal(object, into, strict); {
	case errors.As(err, &misfit) && errors.Is(err, json.ErrUnknownName):
		return []domain.Field{{Name: fieldName(misfit.JSONPointer), Code: "unknown", Message: "is not known here"}}
	case misfit != nil:
		return []domain.Field{{Name: fieldName(misfit.JSONPointer), Code: "type", Message: "must be " + wanted(misfit.GoType)}}
	case err != nil || nul: // of a well-formed body, only half a surrogate pair fails otherwise
		return []domain.Field{{Name: fieldName(at), Code: "encoding", Message: "must be text without NUL or half a surrogate pair"}}
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
