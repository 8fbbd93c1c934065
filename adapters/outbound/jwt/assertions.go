package jwt

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// plainType is the typ of JWTs that tell nothing of what they are for (RFC 7519,
// section 5.1). Access tokens have another.
const plainType = "JWT"

// Assertions is an outbound.Assertions. It keeps no state.
type Assertions struct{}

var _ outbound.Assertions = Assertions{}

// NewAssertions makes the reader.
func NewAssertions() Assertions { return Assertions{} }

// Algorithms implements the port.
func (Assertions) Algorithms() []string { return assertionAlgorithms() }

// Keys implements the port.
func (Assertions) Keys(document []byte) ([]byte, error) {
	keys, err := parseKeySet(document)
	if err != nil {
		return nil, err
	}
	return encodeKeySet(keys)
}

// assertionPayload is the wire form of the claims that are looked at.
type assertionPayload struct {
	Issuer    text     `json:"iss"`
	Subject   text     `json:"sub"`
	Audience  audience `json:"aud"`
	ExpiresAt date     `json:"exp"`
	IssuedAt  date     `json:"iat"`
	NotBefore date     `json:"nbf"`
	ID        text     `json:"jti"`
}

// Subject implements the port.
func (Assertions) Subject(raw string) string {
	if len(raw) > maxToken {
		return ""
	}
	_, rest, _ := strings.Cut(raw, ".")
	encoded, _, _ := strings.Cut(rest, ".")
	var p assertionPayload
	payload, ok := decodeSegment(encoded)
	if !ok || json.Unmarshal(payload, &p) != nil {
		return ""
	}
	return string(p.Subject)
}

// Verify implements the port.
func (Assertions) Verify(raw string, keys []byte, typ string) (token.Assertion, error) {
	if len(raw) > maxToken {
		return token.Assertion{}, token.InvalidToken("the assertion is too long")
	}
	encodedHeader, rest, _ := strings.Cut(raw, ".")
	encodedPayload, encodedSignature, isComplete := strings.Cut(rest, ".")
	h, ok := decodeHeader(encodedHeader)
	if !ok || !isComplete || h.Type != "" && !h.is(plainType) && (typ == "" || !h.is(typ)) {
		return token.Assertion{}, token.InvalidToken("the assertion is malformed")
	}
	set, err := parseKeySet(keys)
	if err != nil {
		return token.Assertion{}, token.InvalidToken("there is no key to verify the assertion with")
	}
	k, ok := set.find(h)
	signature, decoded := decodeSegment(encodedSignature)
	if !ok || !decoded || k.method.Verify(raw[:len(encodedHeader)+1+len(encodedPayload)], signature, k.public) != nil {
		return token.Assertion{}, token.InvalidToken("the assertion is not signed with a registered key")
	}
	var p assertionPayload
	payload, ok := decodeSegment(encodedPayload)
	if !ok || jsontext.Value(payload).Kind() != '{' || json.Unmarshal(payload, &p) != nil {
		return token.Assertion{}, token.InvalidToken("the claims are malformed")
	}
	return token.Assertion{
		Issuer: string(p.Issuer), Subject: string(p.Subject), Audience: p.Audience, ID: string(p.ID),
		IssuedAt: time.Time(p.IssuedAt), NotBefore: time.Time(p.NotBefore), ExpiresAt: time.Time(p.ExpiresAt),
	}, nil
}
