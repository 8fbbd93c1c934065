package argon2

import (
	"context"
	"errors"
	"fmt"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Params are the cost of a hash (RFC 9106, section 3.1).
type Params struct {
	MemoryKiB   uint32 // 8 for each lane up to 4 GiB
	Iterations  uint32 // 1 to 64
	Parallelism uint8  // from 1
}

// Hasher is an outbound.PasswordHasher.
type Hasher struct {
	params argon2id.Params
	decoy  string // a readable hash of the same cost that no password is known for
	gate   *gate
	spend  func(password string, p *argon2id.Params) // the work of a hash, without its outcome
}

var _ outbound.PasswordHasher = (*Hasher)(nil)

// New makes a hasher that runs at most concurrency hashes of these parameters
// at once, in as much memory, and lets at most queue callers wait. It fails
// where a figure is out of range.
func New(params Params, concurrency, queue int) (*Hasher, error) {
	p := argon2id.Params{
		Memory: params.MemoryKiB, Iterations: params.Iterations, Parallelism: params.Parallelism,
		SaltLength: saltLength, KeyLength: keyLength,
	}
	switch {
	case !affordable(&p):
		return nil, errors.New("argon2: the parameters are out of range")
	case concurrency < 1 || queue < 0:
		return nil, errors.New("argon2: at least one hash must run at once, and no fewer than none wait")
	}
	return &Hasher{
		params: p,
		decoy:  encode(&p, make([]byte, saltLength), make([]byte, keyLength)),
		gate:   newGate(int64(concurrency)*int64(p.Memory), queue),
		spend:  func(password string, p *argon2id.Params) { _, _ = argon2id.CreateHash(password, p) },
	}, nil
}

// Hash gives a PHC string with a fresh 16 byte salt and a 32 byte key.
func (h *Hasher) Hash(ctx context.Context, password domain.Secret) (encoded string, err error) {
	busy := h.gate.run(ctx, int64(h.params.Memory), func() {
		encoded, err = argon2id.CreateHash(normal(password), &h.params)
	})
	switch {
	case busy != nil:
		return "", busy
	case err != nil:
		return "", domain.Internal(fmt.Errorf("argon2: %w", err))
	}
	return encoded, nil
}

// Verify checks a password at the cost of the stored hash, or of the
// configured parameters where that can't be read. A mismatch costs at least
// the configured parameters.
func (h *Hasher) Verify(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
	if other, ok := parseForeign(encoded); ok {
		match, err = h.verifyForeign(ctx, password, other)
		return match, match, err
	}
	stored, readable := parse(encoded)
	if !readable {
		// A name without an account must take as long as one with (contract 3.1).
		encoded, stored = h.decoy, h.params
	}
	// A smaller hash takes a full share too: concurrency bounds the CPU as well.
	busy := h.gate.run(ctx, int64(max(stored.Memory, h.params.Memory)), func() {
		plain := normal(password)
		if match, err = argon2id.ComparePasswordAndHash(plain, encoded); err != nil || match {
			return
		}
		h.makeUp(plain, work(stored))
	})
	switch {
	case busy != nil:
		return false, false, busy
	case err != nil:
		return false, false, domain.Internal(fmt.Errorf("argon2: %w", err))
	}
	return match && readable, stored != h.params, nil
}

// verifyForeign checks a password as it was typed, which is what other systems
// hash. A match is always outdated.
func (h *Hasher) verifyForeign(ctx context.Context, password domain.Secret, other foreign) (match bool, err error) {
	busy := h.gate.run(ctx, max(other.memory, int64(h.params.Memory)), func() {
		plain := password.Reveal()
		if match = other.matches(plain); !match {
			h.makeUp(plain, other.work)
		}
	})
	return match, busy
}

// makeUp spends what the parameters in force cost beyond the work that was done.
func (h *Hasher) makeUp(password string, done int64) {
	for _, rest := range missing(done, h.params) {
		h.spend(password, &rest)
	}
}

// work is memory times passes, in KiB.
func work(p argon2id.Params) int64 { return int64(p.Memory) * int64(p.Iterations) }

// missing gives the hashes that make up for work that was less than the
// parameters in force: after these were raised, accounts that have not logged
// in since must take as long as names of nobody (contract 3.1).
func missing(done int64, now argon2id.Params) []argon2id.Params {
	lacking := work(now) - done
	if lacking <= 0 {
		return nil
	}
	var rest []argon2id.Params
	add := func(memory, iterations int64) {
		p := now
		p.Memory, p.Iterations = uint32(memory), uint32(iterations)
		if affordable(&p) {
			rest = append(rest, p)
		}
	}
	add(int64(now.Memory), lacking/int64(now.Memory))
	add(lacking%int64(now.Memory), 1)
	return rest
}

// QueueLength tells how many callers are waiting now.
func (h *Hasher) QueueLength() int { return int(min(h.gate.waiting.Load(), h.gate.queue)) }

// normal gives the password in NFC, so that one typed on another keyboard is
// the same (NIST SP 800-63B-4, section 3.1.1.2).
func normal(password domain.Secret) string { return norm.NFC.String(password.Reveal()) }
