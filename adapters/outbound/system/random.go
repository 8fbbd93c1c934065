package system

import (
	"crypto/rand"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Random draws from the operating system's cryptographic source. That source
// never fails: where it can't be read, the runtime ends the process.
type Random struct{}

var _ outbound.Random = Random{}

// NewRandom gives the operating system's source.
func NewRandom() Random { return Random{} }

// NewID makes a version 7 UUID (RFC 9562, section 5.7): 48 bits of Unix time in
// milliseconds, then 74 random bits. Ids of one millisecond are in no order:
// nothing needs one, and a counter (section 6.2) would tell how many were made
// and cost a lock. Times outside of the years 1970 to 10889 do not fit.
func (Random) NewID(now time.Time) domain.ID {
	var id domain.ID
	rand.Read(id[6:])
	ms := now.UnixMilli()
	id[0], id[1], id[2] = byte(ms>>40), byte(ms>>32), byte(ms>>24)
	id[3], id[4], id[5] = byte(ms>>16), byte(ms>>8), byte(ms)
	id[6] = id[6]&0x0f | 0x70 // version 7
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id
}

// Entropy gives 32 random bytes.
func (Random) Entropy() [32]byte {
	var out [32]byte
	rand.Read(out[:])
	return out
}
