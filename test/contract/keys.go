package contract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// RunSigningKeys holds an implementation to outbound.SigningKeys and
// outbound.KeyDirectory.
func RunSigningKeys(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { keysBehaviour(t, s) })
	t.Run("contention", func(t *testing.T) {
		t.Run("20 that rotate at once take turns: one signs, one waits, none is lost", func(t *testing.T) {
			state := func(ring []*token.SigningKey, wanted token.KeyState) (found []*token.SigningKey) {
				for _, k := range ring {
					if k.Snapshot().State == wanted && k.Snapshot().Algorithm == token.EdDSA {
						found = append(found, k)
					}
				}
				return found
			}
			active := token.NewSigningKey(given.Name("kid"), token.EdDSA, []byte("sealed"), []byte(`{}`), given.Now)
			active.Activate(given.Now)
			s.given(t, active, token.NewSigningKey(given.Name("kid"), token.EdDSA, []byte("sealed"), []byte(`{}`), given.Now))
			all, err := s.Keys.Keys(within(t))
			ok(t, err)
			retired := len(state(all, token.KeyRetired))
			wantAll(t, race(20, func(int) error {
				return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
					ring, err := r.Keys.Lock(ctx)
					if err != nil {
						return err
					}
					signs, waits := state(ring, token.KeyActive), state(ring, token.KeyNext)
					if len(signs) != 1 || len(waits) != 1 {
						return fmt.Errorf("%d active and %d next keys", len(signs), len(waits))
					}
					if len(signs) == 0 || len(waits) == 0 {
						return errors.New("no key signs, or none waits")
					}
					signs[0].Retire(given.Now, given.Now.Add(time.Hour))
					waits[0].Activate(given.Now)
					if err := saveTo(ctx, r, signs[0], waits[0]); err != nil {
						return err
					}
					return r.Keys.Add(ctx, token.NewSigningKey(given.Name("kid"), token.EdDSA, []byte("sealed"), []byte(`{}`), given.Now))
				})
			}))
			all, err = s.Keys.Keys(within(t))
			ok(t, err)
			same(t, "active", len(state(all, token.KeyActive)), 1)
			same(t, "next", len(state(all, token.KeyNext)), 1)
			same(t, "retired", len(state(all, token.KeyRetired)), retired+20)
		})
		t.Run("10 that add a key where there is none: one winner", func(t *testing.T) {
			prefix := given.Name("only")
			there := domain.Conflict(domain.CodeConflict, "there is one")
			wantWinners(t, race(10, func(int) error {
				return s.do(t, func(ctx context.Context, r outbound.Repositories) error {
					ring, err := r.Keys.Lock(ctx)
					if err != nil {
						return err
					}
					for _, k := range ring {
						if strings.HasPrefix(k.Snapshot().ID, prefix) {
							return there
						}
					}
					return r.Keys.Add(ctx, given.Key(func(k *token.KeySnapshot) { k.ID = given.Name(prefix) }))
				})
			}), 1, domain.CodeConflict)
		})
	})
}

// keys gives the stored keys of these ids in the order of the directory, and
// holds Lock to give the same.
func (s Store) keys(t *testing.T, of ...*token.SigningKey) []token.KeySnapshot {
	t.Helper()
	pick := func(ring []*token.SigningKey) []token.KeySnapshot {
		var found []token.KeySnapshot
		for _, k := range ring {
			for _, wanted := range of {
				if k.Snapshot().ID == wanted.Snapshot().ID {
					found = append(found, k.Snapshot())
				}
			}
		}
		return found
	}
	ring, err := s.Keys.Keys(within(t))
	ok(t, err)
	locked, err := read(t, s, func(ctx context.Context, r outbound.Repositories) ([]*token.SigningKey, error) {
		return r.Keys.Lock(ctx)
	})
	ok(t, err)
	same(t, "Lock", pick(locked), pick(ring))
	return pick(ring)
}

func keysBehaviour(t *testing.T, s Store) {
	t.Run("a key comes back as it was", func(t *testing.T) {
		sealed := make([]byte, 256)
		for i := range sealed {
			sealed[i] = byte(i)
		}
		full := given.Key(func(k *token.KeySnapshot) { k.Sealed = sealed })
		wantFull(t, full.Snapshot())
		secret := given.Key(func(k *token.KeySnapshot) {
			k.Algorithm, k.PublicJWK, k.CreatedAt, k.ActivatedAt = token.HS256, nil, k.CreatedAt.Add(time.Second), time.Time{}
		})
		s.given(t, full, secret)
		same(t, "keys", s.keys(t, full, secret), []token.KeySnapshot{full.Snapshot(), secret.Snapshot()})
	})
	t.Run("keys come oldest first", func(t *testing.T) {
		at := func(d time.Duration) *token.SigningKey {
			return given.Key(func(k *token.KeySnapshot) { k.CreatedAt = given.Now.Add(d) })
		}
		second, third, first := at(time.Microsecond), at(time.Hour), at(-time.Hour)
		s.given(t, second, third, first)
		same(t, "keys", s.keys(t, first, second, third), []token.KeySnapshot{first.Snapshot(), second.Snapshot(), third.Snapshot()})
	})
	for _, alg := range token.Algorithms() {
		t.Run("the life of a key of "+string(alg)+" is stored with its events", func(t *testing.T) {
			k := token.NewSigningKey(given.Name("kid"), alg, []byte("sealed"), []byte(`{}`), given.Now)
			s.given(t, k)
			same(t, "next", s.keys(t, k), []token.KeySnapshot{k.Snapshot()})
			k.Activate(given.Now.Add(time.Hour))
			ok(t, s.save(t, k))
			same(t, "active", s.keys(t, k), []token.KeySnapshot{k.Snapshot()})
			k.Retire(given.Now.Add(2*time.Hour), given.Now.Add(3*time.Hour))
			ok(t, s.save(t, k))
			same(t, "retired", s.keys(t, k), []token.KeySnapshot{k.Snapshot()})
			k.Reseal([]byte("sealed anew"), given.Now.Add(2*time.Hour))
			ok(t, s.save(t, k))
			same(t, "resealed", s.keys(t, k), []token.KeySnapshot{k.Snapshot()})
			s.wantEvents(t, k.Snapshot().ID, domain.EventSigningKeyCreated, domain.EventSigningKeyActivated, domain.EventSigningKeyRetired, domain.EventSigningKeyResealed)
		})
	}
	t.Run("a key that is gone is KindNotFound", func(t *testing.T) {
		wantKind(t, s.save(t, given.Key()), domain.KindNotFound)
	})
	t.Run("what is returned or handed in is not kept", func(t *testing.T) {
		k := given.Key()
		s.given(t, k)
		k.Snapshot().Sealed[0] = 0x55
		got := s.keys(t, k)
		wantLen(t, "keys", got, 1)
		spoil(t, "sealed", got[0].Sealed, 0x55)
		spoil(t, "jwk", got[0].PublicJWK, 'x')
		again := s.keys(t, k)[0]
		same(t, "sealed", again.Sealed, []byte{0, 1, 2, 0xff})
		same(t, "public", again.PublicJWK[0], byte('{'))
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, err := s.Keys.Keys(ended(t))
		wantStopped(t, "Keys", err)
	})
}
