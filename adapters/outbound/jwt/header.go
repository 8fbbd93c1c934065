package jwt

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keystone-auth/keystone/domain/token"
)

// tokenType is the typ of access tokens (RFC 9068, section 2.1); it keeps other
// JWTs of ours or of another issuer from passing for one (RFC 8725, section 3.11).
const tokenType = "at+jwt"

// header is the part of a JOSE header that is looked at. jwk, jku, x5c and x5u
// are left out on purpose: a token does not bring its own key.
type header struct {
	Type      string         `json:"typ"`
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
	Encoded   jsontext.Value `json:"b64"` // never false in a JWT (RFC 7797, section 7)
}

// decodeHeader reads the header of a JWT and tells whether it asks for nothing
// that is not done here. Extensions named critical are none of ours, so any
// refuses the JWT (RFC 7515, section 4.1.11).
func decodeHeader(encoded string) (header, bool) {
	var h header
	if base64.RawURLEncoding.DecodedLen(len(encoded)) > maxHeader {
		return h, false
	}
	raw, ok := decodeSegment(encoded)
	if !ok || json.Unmarshal(raw, &h) != nil {
		return h, false
	}
	plain := h.Critical == nil && (h.Encoded == nil || h.Encoded.Kind() == 't')
	return h, plain && h.Algorithm != "" && len(h.KeyID) <= maxKeyID
}

// is compares media types (RFC 7515, section 4.1.9): without regard to case, and
// `application/` may be left out.
func (h header) is(typ string) bool {
	return strings.EqualFold(h.Type, typ) || strings.EqualFold(h.Type, "application/"+typ)
}

// encodeHeader gives the first segment of every token of a key, dot included.
func encodeHeader(kid string, alg token.Algorithm) (string, error) {
	o := object{buf: []byte{'{'}}
	o.text("alg", string(alg))
	o.text("kid", kid)
	o.text("typ", tokenType)
	raw, err := o.end()
	return base64.RawURLEncoding.EncodeToString(raw) + ".", err
}
