package domain

import "crypto/subtle"

const redacted = "[redacted]"

// Secret holds a password, token or key so that no formatter, logger or
// encoder can print it. Only Reveal gives the value.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal gives the value: to a hasher, a signer, or the one answer that shows it.
func (s Secret) Reveal() string { return s.value }

// Empty tells whether there is no value.
func (s Secret) Empty() bool { return s.value == "" }

// Equal compares in constant time (for equal lengths).
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.value), []byte(other.value)) == 1
}

func (Secret) String() string { return redacted }

// GoString keeps %#v from printing the value.
func (Secret) GoString() string { return redacted }

// MarshalText keeps JSON, YAML and zap's reflection from printing the value.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
