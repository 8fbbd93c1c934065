package jwt

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Limits, in bytes. Tokens travel in headers, and whatever is presented is
// parsed before it is trusted.
const (
	maxToken  = 16 << 10
	maxHeader = 1 << 10
	maxKeyID  = 128
)

// Codec is an outbound.TokenCodec. It keeps no state but its random source.
type Codec struct{ random outbound.Random }

var _ outbound.TokenCodec = (*Codec)(nil)

// NewCodec makes a codec; random feeds new keys.
func NewCodec(random outbound.Random) *Codec { return &Codec{random: random} }

// Sign makes a token. It fails for a key that Load did not make, for text that
// is not UTF-8, and for claims that make a token over 16 KiB, which nobody
// would accept.
func (c *Codec) Sign(ctx context.Context, with outbound.Key, claims token.AccessClaims) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", domain.Unavailable(err, 0)
	}
	k, ok := with.(*key)
	if !ok || k == nil {
		return "", domain.Internal(errors.New("jwt: not a key of this codec"))
	}
	payload, err := encodeClaims(claims)
	if err != nil {
		return "", domain.Internal(fmt.Errorf("jwt: claims: %w", err))
	}
	out := make([]byte, 0, len(k.header)+base64.RawURLEncoding.EncodedLen(len(payload))+1+maxSignature)
	out = append(out, k.header...)
	out = base64.RawURLEncoding.AppendEncode(out, payload)
	signature, err := k.method.Sign(string(out), k.private)
	if err != nil {
		return "", domain.Internal(fmt.Errorf("jwt: sign with %s: %w", k.id, err))
	}
	out = append(out, '.')
	out = base64.RawURLEncoding.AppendEncode(out, signature)
	if len(out) > maxToken {
		return "", domain.Internal(fmt.Errorf("jwt: the token would have %d bytes", len(out)))
	}
	return string(out), nil
}

// Verify reads a token.
func (c *Codec) Verify(raw string, find func(kid string) (outbound.Key, bool)) (token.AccessClaims, error) {
	if len(raw) > maxToken {
		return token.AccessClaims{}, token.InvalidToken("the token is too long")
	}
	encodedHeader, rest, _ := strings.Cut(raw, ".")
	encodedPayload, encodedSignature, isComplete := strings.Cut(rest, ".") // further dots fail to decode
	h, ok := decodeHeader(encodedHeader)
	if !ok || !isComplete || !h.is(tokenType) || h.KeyID == "" {
		return token.AccessClaims{}, token.InvalidToken("the token is malformed or not an access token")
	}
	found, ok := find(h.KeyID)
	k, ours := found.(*key)
	if !ok || !ours || k == nil || string(k.alg) != h.Algorithm {
		return token.AccessClaims{}, token.InvalidToken("the token is not signed with a known key")
	}
	signature, ok := decodeSegment(encodedSignature)
	signed := raw[:len(encodedHeader)+1+len(encodedPayload)]
	if !ok || k.method.Verify(signed, signature, k.public) != nil {
		return token.AccessClaims{}, token.InvalidToken("the signature is not valid")
	}
	payload, ok := decodeSegment(encodedPayload)
	if !ok {
		return token.AccessClaims{}, token.InvalidToken("the token is malformed")
	}
	claims, err := decodeClaims(payload)
	if err != nil {
		return token.AccessClaims{}, err
	}
	claims.KeyID = k.id
	return claims, nil
}

// decodeSegment reads base64url without padding (RFC 7515, section 2) in its
// one canonical spelling: the decoder alone would skip line breaks, which the
// length tells.
func decodeSegment(s string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return raw, err == nil && s != "" && base64.RawURLEncoding.EncodedLen(len(raw)) == len(s)
}
