package contract_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// wrongCodec is a right codec, unless told otherwise.
type wrongCodec struct {
	outbound.TokenCodec
	mu   sync.Mutex
	made map[string]outbound.KeyMaterial

	onlyKeys          map[token.Algorithm]outbound.KeyMaterial
	publish           func(outbound.KeyMaterial) []byte
	renames, loadsAll bool
	verify            func(raw string, find keyFinder) (token.AccessClaims, error)
	header, payload   func(map[string]any)
	anyKey            bool
	mine              map[string]bool
	alone             *alone
}

func (c *wrongCodec) Generate(alg token.Algorithm) (outbound.KeyMaterial, error) {
	if m, there := c.onlyKeys[alg]; there {
		return m, nil
	}
	m, err := c.TokenCodec.Generate(alg)
	if err != nil {
		return m, err
	}
	if c.publish != nil {
		m.PublicJWK = c.publish(m)
	}
	if c.onlyKeys != nil {
		c.onlyKeys[alg] = m
	}
	c.made[m.ID] = m
	return m, nil
}

type wrongKey struct {
	id  string
	alg token.Algorithm
}

func (k wrongKey) ID() string                 { return k.id }
func (k wrongKey) Algorithm() token.Algorithm { return k.alg }

func (c *wrongCodec) Load(kid string, alg token.Algorithm, private []byte) (outbound.Key, error) {
	if c.renames {
		kid = "renamed-" + kid
	}
	key, err := c.TokenCodec.Load(kid, alg, private)
	if err != nil && c.loadsAll {
		return wrongKey{kid, alg}, nil
	}
	return key, err
}

func (c *wrongCodec) Sign(ctx context.Context, key outbound.Key, claims token.AccessClaims) (string, error) {
	if c.alone != nil {
		if err := c.alone.enter(); err != nil {
			return "", err
		}
	}
	raw, err := c.TokenCodec.Sign(ctx, key, claims)
	if err == nil && key.Algorithm() == token.HS256 && (c.header != nil || c.payload != nil) {
		raw = c.resigned(raw)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mine != nil {
		c.mine[raw] = true
	}
	return raw, err
}

// resigned signs another header or payload with the same secret.
func (c *wrongCodec) resigned(raw string) string {
	j := read(raw)
	if c.header != nil {
		c.header(j.header)
	}
	var claims map[string]any
	if err := json.Unmarshal([]byte(j.rawPayload), &claims); err != nil {
		return raw
	}
	if c.payload != nil {
		c.payload(claims)
	}
	input := encoded(j.header) + "." + encoded(claims)
	mac := hmac.New(sha256.New, c.made[j.text("kid")].Private)
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (c *wrongCodec) Verify(raw string, find keyFinder) (token.AccessClaims, error) {
	switch _, known := find(read(raw).text("kid")); {
	case c.anyKey && !known:
		return token.AccessClaims{Subject: "somebody"}, nil
	case c.mine != nil && !c.mine[raw]:
		return c.TokenCodec.Verify("", find)
	case c.verify != nil:
		return c.verify(raw, find)
	}
	return c.TokenCodec.Verify(raw, find)
}

// jws is what can be read of a compact JWS, also of a broken one.
type jws struct {
	raw, rawHeader, rawPayload string
	signature                  string // decoded
	header                     map[string]any
	whole                      bool // three parts of base64url, none of them empty
}

func (j jws) text(name string) string {
	s, _ := j.header[name].(string)
	return s
}

func read(raw string) jws {
	j := jws{raw: raw, whole: true}
	if len(raw) > 1<<19 {
		return j
	}
	split := strings.Split(raw, ".")
	j.whole = len(split) == 3
	for i, into := range []*string{&j.rawHeader, &j.rawPayload, &j.signature} {
		if i >= len(split) {
			break
		}
		part, err := base64.RawURLEncoding.DecodeString(split[i])
		j.whole = j.whole && err == nil && len(part) > 0
		*into = string(part)
	}
	if json.Unmarshal([]byte(j.rawHeader), &j.header) != nil {
		j.header = nil
	}
	return j
}

// canonical says that a JSON object reads as it would be written.
func canonical(raw string) bool {
	var m map[string]any
	if json.Unmarshal([]byte(raw), &m) != nil {
		return false
	}
	again, err := json.Marshal(m)
	return err == nil && string(again) == raw
}

func encoded(m map[string]any) string {
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err) // what was read can be written
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// recoded passes over bits beyond the last byte.
func recoded(part string) string {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return part
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
