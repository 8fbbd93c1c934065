package token

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/keystone-auth/keystone/domain"
)

// The prefixes tell a secret scanner what it found (contract 3.2).
const (
	RefreshPrefix = "ksr_"
	SecretPrefix  = "kss_"
	DevicePrefix  = "ksd_"

	VerificationPrefix = "ksv_"
	ResetPrefix        = "ksp_"
)

const (
	entropyBytes  = 32
	encodedLength = 43 // 32 bytes, base64url without padding
	checksumLen   = 6  // 4 bytes, base64url without padding
	opaqueLength  = len(RefreshPrefix) + encodedLength + checksumLen
)

// NewOpaque wraps 32 bytes of entropy as prefix, base64url, and a CRC-32 of
// both, in A-Z a-z 0-9 - _ only. The checksum lets scanners and the server
// drop garbage without a look-up; it protects nothing.
func NewOpaque(prefix string, entropy [entropyBytes]byte) domain.Secret {
	body := prefix + base64.RawURLEncoding.EncodeToString(entropy[:])
	return domain.NewSecret(body + checksum(body))
}

// WellFormed tells whether the value has the prefix's shape and checksum.
func WellFormed(prefix, value string) bool {
	if len(value) != opaqueLength || !strings.HasPrefix(value, prefix) {
		return false
	}
	body := value[:len(value)-checksumLen]
	if checksum(body) != value[len(body):] {
		return false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body[len(prefix):])
	return err == nil && len(raw) == entropyBytes // the decoder skips line breaks
}

// HoldsOpaque tells whether a secret of Keystone's may be anywhere in the value,
// as in "Bearer.ksr_...": it has no place in a log.
func HoldsOpaque(value string) bool {
	for _, prefix := range []string{RefreshPrefix, SecretPrefix, DevicePrefix, VerificationPrefix, ResetPrefix} {
		if strings.Contains(value, prefix) {
			return true
		}
	}
	return false
}

// OpaqueBody gives the bytes that a well-formed value was made of.
func OpaqueBody(prefix string, value domain.Secret) (body [entropyBytes]byte, ok bool) {
	plain := value.Reveal()
	if !WellFormed(prefix, plain) {
		return body, false
	}
	_, err := base64.RawURLEncoding.Strict().Decode(body[:], []byte(plain[len(prefix):len(plain)-checksumLen]))
	return body, err == nil
}

func checksum(body string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Digest is what is stored of an opaque token or client secret: SHA-256,
// base64url. With 256 bits of entropy behind it a fast hash is the right one.
type Digest string

// DigestOf hashes a presented value.
func DigestOf(value domain.Secret) Digest {
	sum := sha256.Sum256([]byte(value.Reveal()))
	return Digest(base64.RawURLEncoding.EncodeToString(sum[:]))
}
