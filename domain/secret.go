package domain

import (
	"crypto/subtle"
	"fmt"
	"io"
)

const redacted = "[redacted]"

// Secret holds a password, token or key so that no formatter, logger or
// encoder can print it. Only Reveal gives the value.
type Secret struct {
	// A pointer, since fmt prints the unexported fields of a holder without
	// asking their methods: then an address shows, not the value.
	value *string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal gives the value: to a hasher, a signer, or the one answer that shows it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty tells whether there is no value.
func (s Secret) Empty() bool { return s.value == nil }

// Equal compares in constant time (for equal lengths). The operator == does not
// compare values.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

func (Secret) String() string { return redacted }

// GoString keeps reflecting printers from showing the value.
func (Secret) GoString() string { return redacted }

// Format keeps every verb of fmt from printing the value, wrong ones too.
func (Secret) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, redacted) // fmt's own buffer takes everything
}

// MarshalText keeps JSON, YAML and zap's reflection from printing the value.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
