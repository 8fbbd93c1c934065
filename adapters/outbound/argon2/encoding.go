package argon2

import (
	"encoding/base64"
	"fmt"

	"github.com/alexedwards/argon2id"
)

// Lengths of what is made here, and limits of what is read: beyond them a
// stored hash is damaged or an attack on memory and time.
const (
	saltLength = 16 // bytes: RFC 9106, section 3.1
	keyLength  = 32

	maxMemory     = 4 << 20 // KiB
	maxIterations = 64
	minSalt       = 8
	minKey        = 16 // an empty key would equal that of any password
	maxLength     = 64 // of salt and key
)

// version is Argon2 1.3.
const version = 19

// parse reads a PHC string. Only the very spelling that encode gives is
// readable: the library would take trailing garbage.
func parse(encoded string) (argon2id.Params, bool) {
	params, salt, key, err := argon2id.DecodeHash(encoded)
	if err != nil || !affordable(params) || encode(params, salt, key) != encoded {
		return argon2id.Params{}, false
	}
	return *params, true
}

// affordable tells whether a hash of these parameters is defined and may be
// computed (RFC 9106, section 3.1: at least 8 KiB for each lane).
func affordable(p *argon2id.Params) bool {
	return p.Iterations >= 1 && p.Iterations <= maxIterations &&
		p.Parallelism >= 1 && p.Memory >= 8*uint32(p.Parallelism) && p.Memory <= maxMemory &&
		p.SaltLength >= minSalt && p.SaltLength <= maxLength &&
		p.KeyLength >= minKey && p.KeyLength <= maxLength
}

func encode(p *argon2id.Params, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		version, p.Memory, p.Iterations, p.Parallelism, b64.EncodeToString(salt), b64.EncodeToString(key))
}
