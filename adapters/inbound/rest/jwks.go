package rest

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// jwkSet is a JWK Set as a client registers it (RFC 7517, section 5), word for
// word; empty where there is none.
type jwkSet string

// UnmarshalJSONFrom takes any value: what is in it is the use case's to judge.
func (j *jwkSet) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	if *j = jwkSet(value); value.Kind() == 'n' {
		*j = ""
	}
	return nil
}

// MarshalJSONTo writes the set as it is.
func (j jwkSet) MarshalJSONTo(e *jsontext.Encoder) error {
	return e.WriteValue(jsontext.Value(j))
}

// Schema documents it.
func (jwkSet) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"keys": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
	}}
}
