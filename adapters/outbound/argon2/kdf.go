package argon2

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what other systems stored; RFC 8018 has it as the default
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// parseScrypt reads the PHC string of scrypt (RFC 7914): ln is the binary
// logarithm of the cost N.
func parseScrypt(encoded string) (foreign, bool) {
	fields, ok := cut(encoded, 4)
	if !ok {
		return foreign{}, false
	}
	n, ok := numbers(fields[1], "ln", "r", "p")
	salt, key, readable := saltAndKey(base64.RawStdEncoding, fields[2], fields[3])
	if !ok || !readable {
		return foreign{}, false
	}
	return scryptOf(n[0], n[1], n[2], salt, key)
}

// itoa64 are the digits of crypt(5), from 0 to 63.
const itoa64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// parseScryptCrypt reads the form of crypt(5): `$7$`, one digit for the
// logarithm of N, five each for r and p, the salt as it is, and the key.
func parseScryptCrypt(encoded string) (foreign, bool) {
	fields, ok := cut(encoded, 3)
	if !ok || len(fields[1]) < 11 || strings.Trim(fields[1], itoa64) != "" {
		return foreign{}, false
	}
	settings, salt := fields[1][:11], fields[1][11:]
	key, ok := decode64(fields[2])
	if !ok || len(key) != 32 || len(salt) > maxLength {
		return foreign{}, false
	}
	return scryptOf(digits64(settings[:1]), digits64(settings[1:6]), digits64(settings[6:]), []byte(salt), key)
}

// digits64 reads a number whose first digit is the lowest.
func digits64(text string) (value int64) {
	for i := range len(text) {
		value |= int64(strings.IndexByte(itoa64, text[i])) << (6 * i)
	}
	return value
}

// decode64 reads groups of three bytes from four digits, lowest first.
func decode64(text string) (out []byte, ok bool) {
	if len(text) > maxEncoded || strings.Trim(text, itoa64) != "" {
		return nil, false
	}
	for len(text) > 0 {
		group := text[:min(4, len(text))]
		text = text[len(group):]
		bits := digits64(group)
		for range len(group) * 6 / 8 {
			out = append(out, byte(bits))
			bits >>= 8
		}
		if bits != 0 || len(group) == 1 {
			return nil, false // bits that belong to no byte
		}
	}
	return out, true
}

// scryptWork is what one KiB costs, written and read again, as KiB of Argon2id.
const scryptWork = 8

func scryptOf(logN, r, p int64, salt, key []byte) (foreign, bool) {
	if logN < 1 || logN > 24 || r < 1 || p < 1 || r > 1<<10 || p > 1<<10 {
		return foreign{}, false
	}
	memory := max(1, 128*r<<logN>>10)
	return foreign{memory: memory, work: memory * p * scryptWork, matches: func(password string) bool {
		made, err := scrypt.Key([]byte(password), salt, 1<<logN, int(r), int(p), len(key))
		return err == nil && same(key, made)
	}}, true
}

// pbkdf2Schemes are those of passlib and of the PHC format. Without a name the
// hash is SHA-1 (RFC 8018).
var pbkdf2Schemes = map[string]struct {
	hash func() hash.Hash
	work float64 // one iteration as KiB of Argon2id, measured
}{
	"pbkdf2":        {sha1.New, 0.7},
	"pbkdf2-sha1":   {sha1.New, 0.7},
	"pbkdf2-sha256": {sha256.New, 0.6},
	"pbkdf2-sha512": {sha512.New, 2},
}

// parsePBKDF2 reads `$pbkdf2-sha256$i=N$salt$key` (PHC; the length of the key
// may be repeated as l) and the older form with a bare number and a dot for the
// plus sign. Keys that need a second block are refused: none is stored, and
// it would double the cost for us alone.
func parsePBKDF2(encoded string) (foreign, bool) {
	fields, ok := cut(encoded, 4)
	if !ok {
		return foreign{}, false
	}
	scheme, known := pbkdf2Schemes[fields[0]]
	iterations, bare := number(fields[1])
	if bare {
		if strings.Contains(fields[2]+fields[3], "+") {
			return foreign{}, false
		}
		fields[2], fields[3] = strings.ReplaceAll(fields[2], ".", "+"), strings.ReplaceAll(fields[3], ".", "+")
	}
	salt, key, readable := saltAndKey(base64.RawStdEncoding, fields[2], fields[3])
	if !bare {
		n, ok := numbers(fields[1], "i")
		if !ok {
			if n, ok = numbers(fields[1], "i", "l"); !ok || n[1] != int64(len(key)) {
				return foreign{}, false
			}
		}
		iterations = n[0]
	}
	if !known || !readable || iterations < 1 || len(key) > scheme.hash().Size() {
		return foreign{}, false
	}
	return foreign{work: int64(float64(iterations) * scheme.work), matches: func(password string) bool {
		made, err := pbkdf2.Key(scheme.hash, password, salt, int(iterations), len(key))
		return err == nil && same(key, made)
	}}, true
}
