package argon2

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// foreign is a hash that another system made, read and found affordable.
type foreign struct {
	memory  int64 // KiB that working it out takes
	work    int64 // about what it costs, in KiB times passes of Argon2id
	matches func(password string) bool
}

// Bounds of what a hash that was made elsewhere may cost: about a second of one
// processor. Whoever writes an import must not be able to take more from every
// login of a name.
const (
	maxForeignMemory = 256 << 10 // KiB
	maxForeignWork   = 2 << 20   // KiB times passes
)

func (f foreign) affordable() bool { return f.memory <= maxForeignMemory && f.work <= maxForeignWork }

// parseForeign reads a hash of another scheme, or of Argon2i. Nothing but the
// schemes' own spelling is readable.
func parseForeign(encoded string) (foreign, bool) {
	var f foreign
	var ok bool
	switch scheme, _, _ := strings.Cut(strings.TrimPrefix(encoded, "$"), "$"); {
	case len(encoded) > maxEncoded || !strings.HasPrefix(encoded, "$"):
	case scheme == "argon2i":
		f, ok = parseArgon2i(encoded)
	case scheme == "2a" || scheme == "2b" || scheme == "2y":
		f, ok = parseBcrypt(encoded)
	case scheme == "scrypt":
		f, ok = parseScrypt(encoded)
	case scheme == "7":
		f, ok = parseScryptCrypt(encoded)
	case strings.HasPrefix(scheme, "pbkdf2"):
		f, ok = parsePBKDF2(encoded)
	}
	return f, ok && f.affordable()
}

// maxEncoded bounds a stored hash, in bytes.
const maxEncoded = 512

// parseArgon2i reads a PHC string of Argon2i, version 1.3.
func parseArgon2i(encoded string) (foreign, bool) {
	fields, ok := cut(encoded, 5)
	if !ok || fields[1] != "v="+strconv.Itoa(version) {
		return foreign{}, false
	}
	n, ok := numbers(fields[2], "m", "t", "p")
	salt, key, readable := saltAndKey(base64.RawStdEncoding, fields[3], fields[4])
	if !ok || !readable || n[0] > maxMemory || n[1] > maxIterations || n[2] > 255 || n[0] < 8*n[2] || n[1] < 1 || n[2] < 1 {
		return foreign{}, false
	}
	return foreign{memory: n[0], work: n[0] * n[1], matches: func(password string) bool {
		return same(key, argon2.Key([]byte(password), salt, uint32(n[1]), uint32(n[0]), uint8(n[2]), uint32(len(key))))
	}}, true
}

// Forms of bcrypt: a cost of two digits, 22 characters of salt, 31 of the hash.
const (
	bcryptLength  = 60
	bcryptLetters = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	bcryptWork    = 90 // one round as KiB of Argon2id, measured
)

func parseBcrypt(encoded string) (foreign, bool) {
	fields, ok := cut(encoded, 3)
	if !ok || len(encoded) != bcryptLength || len(fields[1]) != 2 || strings.Trim(fields[2], bcryptLetters) != "" {
		return foreign{}, false
	}
	cost, err := bcrypt.Cost([]byte(encoded))
	if err != nil || cost < bcrypt.MinCost || cost > 30 || fmt.Sprintf("%02d", cost) != fields[1] {
		return foreign{}, false
	}
	return foreign{memory: 4, work: bcryptWork << cost, matches: func(password string) bool {
		return bcrypt.CompareHashAndPassword([]byte(encoded), []byte(password)) == nil
	}}, true
}

// cut splits what follows the first dollar sign into exactly n fields.
func cut(encoded string, n int) ([]string, bool) {
	fields := strings.Split(encoded, "$")
	return fields[1:], len(fields) == n+1
}

// numbers reads `a=1,b=2` with exactly these names in this order, each number
// without sign or leading zero.
func numbers(text string, names ...string) ([]int64, bool) {
	parts := strings.Split(text, ",")
	if len(parts) != len(names) {
		return nil, false
	}
	values := make([]int64, len(names))
	for i, name := range names {
		digits, found := strings.CutPrefix(parts[i], name+"=")
		value, ok := number(digits)
		if !found || !ok {
			return nil, false
		}
		values[i] = value
	}
	return values, true
}

func number(digits string) (int64, bool) {
	value, err := strconv.ParseUint(digits, 10, 32)
	return int64(value), err == nil && strconv.FormatUint(value, 10) == digits
}

// saltAndKey reads both, in the one spelling that their bytes have.
func saltAndKey(encoding *base64.Encoding, salt, key string) (s, k []byte, ok bool) {
	encoding = encoding.Strict()
	s, badSalt := encoding.DecodeString(salt)
	k, badKey := encoding.DecodeString(key)
	ok = badSalt == nil && badKey == nil && encoding.EncodeToString(s) == salt && encoding.EncodeToString(k) == key
	return s, k, ok && len(s) >= minSalt && len(s) <= maxLength && len(k) >= minKey && len(k) <= maxLength
}

func same(stored, made []byte) bool { return subtle.ConstantTimeCompare(stored, made) == 1 }

// HashFormats is an outbound.HashFormats.
type HashFormats struct{}

var _ outbound.HashFormats = HashFormats{}

// NewHashFormats makes it.
func NewHashFormats() HashFormats { return HashFormats{} }

// Check implements the port.
func (HashFormats) Check(encoded string) error {
	if own, ok := parse(encoded); ok {
		memory := int64(own.Memory)
		if (foreign{memory: memory, work: memory * int64(own.Iterations)}).affordable() {
			return nil
		}
	}
	if _, ok := parseForeign(encoded); ok {
		return nil
	}
	return domain.InvalidFields(domain.Field{Name: "password_hash", Code: "format",
		Message: "must be Argon2id or Argon2i (version 19), bcrypt, scrypt or PBKDF2 in PHC or crypt form, of bounded cost"})
}
