package masterkey

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// keySize is the length of a master key, in bytes.
const keySize = 32

// MasterKey seals and derives with the current key and understands the previous.
type MasterKey struct {
	current *key
	keys    []*key // current first
	random  outbound.Random
}

var _ outbound.MasterKey = (*MasterKey)(nil)

// New reads the current key and, where it is not empty, the previous one: 32
// bytes in base64, standard or URL alphabet, padded or not. Its errors name
// which key is wrong and never its value.
func New(current, previous domain.Secret, random outbound.Random) (*MasterKey, error) {
	now, err := parse(current)
	if err != nil {
		return nil, fmt.Errorf("the master key %w", err)
	}
	m := &MasterKey{current: now, keys: []*key{now}, random: random}
	if !previous.Empty() {
		old, err := parse(previous)
		if err != nil {
			return nil, fmt.Errorf("the previous master key %w", err)
		}
		m.keys = append(m.keys, old)
	}
	return m, nil
}

// Generate makes a new master key in the form that New reads.
func Generate(random outbound.Random) domain.Secret {
	raw := random.Entropy()
	return domain.NewSecret(base64.StdEncoding.EncodeToString(raw[:]))
}

// Check tells what is wrong with a key as it is configured, never its value.
func Check(secret domain.Secret) error {
	_, err := parse(secret)
	return err
}

func parse(secret domain.Secret) (*key, error) {
	text := strings.TrimSpace(secret.Reveal())
	if text == "" {
		return nil, errors.New("is empty")
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimSuffix(text, "="))
	raw, err := base64.RawStdEncoding.Strict().DecodeString(text)
	switch {
	case err != nil: // not wrapped: it tells a byte's place
		return nil, fmt.Errorf("is not base64 of %d bytes", keySize)
	case len(raw) != keySize:
		return nil, fmt.Errorf("is %d bytes long, not %d", len(raw), keySize)
	}
	return newKey(raw)
}

// ID gives 8 hexadecimal digits that name the current key.
func (m *MasterKey) ID() string { return m.current.id }

// The sealed form:
//
//	version (1) | key id (4) | nonce (12) | ciphertext and tag
const (
	sealVersion = 1
	idStart     = 1
	nonceStart  = idStart + idSize
	bodyStart   = nonceStart + nonceSize
	nonceSize   = 12 // NIST SP 800-38D, section 8.2.2: random, at most 2^32 of a key
)

// Seal encrypts with AES-256-GCM; the purpose is authenticated too.
func (m *MasterKey) Seal(purpose string, plain []byte) ([]byte, error) {
	aead, err := m.current.aead(purpose)
	if err != nil {
		return nil, domain.Internal(err)
	}
	entropy := m.random.Entropy()
	nonce := entropy[:nonceSize]
	sealed := make([]byte, 0, bodyStart+len(plain)+aead.Overhead())
	sealed = append(sealed, sealVersion)
	sealed = append(sealed, m.current.raw[:]...)
	sealed = append(sealed, nonce...)
	return aead.Seal(sealed, nonce, plain, []byte(purpose)), nil
}

// Open undoes Seal with the key that the sealed form names.
func (m *MasterKey) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < bodyStart || sealed[0] != sealVersion {
		return nil, domain.Internal(errors.New("master key: not a sealed value"))
	}
	for _, k := range m.keys {
		if !bytes.Equal(k.raw[:], sealed[idStart:nonceStart]) {
			continue
		}
		aead, err := k.aead(purpose)
		if err != nil {
			return nil, domain.Internal(err)
		}
		plain, err := aead.Open(nil, sealed[nonceStart:bodyStart], sealed[bodyStart:], []byte(purpose))
		if err != nil {
			return nil, domain.Internal(fmt.Errorf("master key %s: %w", k.id, err))
		}
		return plain, nil
	}
	return nil, domain.Internal(fmt.Errorf("master key %x is not configured", sealed[idStart:nonceStart]))
}

// Derive gives HMAC-SHA-256 of data under the named key.
func (m *MasterKey) Derive(keyID, purpose string, data []byte) ([32]byte, error) {
	for _, k := range m.keys {
		if k.id != keyID {
			continue
		}
		sum, err := k.mac(purpose, data)
		if err != nil {
			return [32]byte{}, domain.Internal(err)
		}
		return sum, nil
	}
	return [32]byte{}, domain.Internal(errors.New("master key: the key to derive with is not configured"))
}
