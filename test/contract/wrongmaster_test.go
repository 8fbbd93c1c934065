package contract_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/masterkey"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongMaster is a right key, unless told otherwise.
type wrongMaster struct {
	outbound.MasterKey
	id     func() string
	seal   func(purpose string, plain []byte) ([]byte, error)
	open   func(purpose string, sealed []byte) ([]byte, error)
	derive func(id, purpose string, data []byte) ([32]byte, error)
}

func (m *wrongMaster) ID() string {
	if m.id != nil {
		return m.id()
	}
	return m.MasterKey.ID()
}

func (m *wrongMaster) Seal(purpose string, plain []byte) ([]byte, error) {
	if m.seal != nil {
		return m.seal(purpose, plain)
	}
	return m.MasterKey.Seal(purpose, plain)
}

func (m *wrongMaster) Open(purpose string, sealed []byte) ([]byte, error) {
	if m.open != nil {
		return m.open(purpose, sealed)
	}
	return m.MasterKey.Open(purpose, sealed)
}

func (m *wrongMaster) Derive(id, purpose string, data []byte) ([32]byte, error) {
	if m.derive != nil {
		return m.derive(id, purpose, data)
	}
	return m.MasterKey.Derive(id, purpose, data)
}

// master is the key of 32 times a byte, that knows another where previous is not 0.
func master(t *testing.T, of, previous byte) *wrongMaster {
	t.Helper()
	secret := func(b byte) domain.Secret {
		if b == 0 {
			return domain.Secret{}
		}
		return domain.NewSecret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
	}
	key, err := masterkey.New(secret(of), secret(previous), system.NewRandom())
	if err != nil {
		t.Fatal(err)
	}
	return &wrongMaster{MasterKey: key}
}

func masters(change func(*wrongMaster)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunMasterKey(t, func(t *testing.T) (current, rotated, stranger outbound.MasterKey) {
			all := []*wrongMaster{master(t, 1, 0), master(t, 2, 1), master(t, 3, 0)}
			for _, m := range all {
				change(m)
			}
			return all[0], all[1], all[2]
		})
	}
}

func mastersOf(current, rotated, stranger [2]byte) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunMasterKey(t, func(t *testing.T) (a, b, c outbound.MasterKey) {
			return master(t, current[0], current[1]), master(t, rotated[0], rotated[1]), master(t, stranger[0], stranger[1])
		})
	}
}

var wrongMasterKeys = adapterSuite{
	right: masters(func(*wrongMaster) {}),
	wrong: []wrongAdapter{
		{"has one name for all keys", masters(func(m *wrongMaster) { m.id = func() string { return "key" } }), "ids name keys and stay"},
		{"names itself anew", masters(func(m *wrongMaster) {
			name := system.NewRandom().NewID(time.Now()).String()
			m.id = func() string { return name }
		}), "ids name keys and stay"},
		{"encrypts nothing", masters(func(m *wrongMaster) {
			m.seal = func(_ string, plain []byte) ([]byte, error) { return append([]byte{1}, plain...), nil }
			m.open = func(_ string, sealed []byte) ([]byte, error) { return sealed[min(1, len(sealed)):], nil }
		}), "what is sealed is opened"},
		{"seals alike", func(t *testing.T) {
			var mu sync.Mutex
			sealed := map[string][]byte{}
			masters(func(m *wrongMaster) {
				m.seal = func(purpose string, plain []byte) ([]byte, error) {
					mu.Lock()
					defer mu.Unlock()
					name := m.MasterKey.ID() + purpose + string(plain)
					if sealed[name] == nil {
						one, err := m.MasterKey.Seal(purpose, plain)
						if err != nil {
							return nil, err
						}
						sealed[name] = one
					}
					return bytes.Clone(sealed[name]), nil
				}
			})(t)
		}, "sealing twice gives two forms"},
		{"forgets its predecessor", mastersOf([2]byte{1}, [2]byte{2}, [2]byte{3}), "the previous key still opens"},
		{"knows its successor", mastersOf([2]byte{1, 2}, [2]byte{2, 1}, [2]byte{3}), "not backwards"},
		{"opens a stranger's", mastersOf([2]byte{1}, [2]byte{2, 1}, [2]byte{3, 1}), "another key or purpose is KindInternal"},
		{"passes over the purpose", masters(func(m *wrongMaster) {
			m.seal = func(_ string, plain []byte) ([]byte, error) { return m.MasterKey.Seal("", plain) }
			m.open = func(_ string, sealed []byte) ([]byte, error) { return m.MasterKey.Open("", sealed) }
		}), "another key or purpose is KindInternal"},
		{"tells the plain text", masters(func(m *wrongMaster) {
			m.open = func(purpose string, sealed []byte) ([]byte, error) {
				opened, err := m.MasterKey.Open(purpose, sealed)
				if plain, known := m.MasterKey.Open("purpose", sealed); err != nil && known == nil {
					err = domain.Internal(fmt.Errorf("%s: %w", plain, err))
				}
				return opened, err
			}
		}), "another key or purpose is KindInternal and tells nothing"},
		{"opens what was changed", masters(func(m *wrongMaster) {
			m.open = func(purpose string, sealed []byte) ([]byte, error) {
				opened, _ := m.MasterKey.Open(purpose, sealed)
				return opened, nil
			}
		}), "every changed byte is KindInternal"},
		{"passes over what is appended", masters(func(m *wrongMaster) {
			m.open = func(purpose string, sealed []byte) ([]byte, error) {
				opened, err := m.MasterKey.Open(purpose, sealed)
				if err != nil && len(sealed) > 0 {
					return m.MasterKey.Open(purpose, sealed[:len(sealed)-1])
				}
				return opened, err
			}
		}), "every other length is KindInternal"},
		{"derives anew each time", masters(func(m *wrongMaster) {
			m.derive = func(string, string, []byte) ([32]byte, error) { return system.NewRandom().Entropy(), nil }
		}), "a derivation is the same each time"},
		{"derives from its own key alone", masters(func(m *wrongMaster) {
			m.derive = func(_, purpose string, data []byte) ([32]byte, error) {
				return m.MasterKey.Derive(m.MasterKey.ID(), purpose, data)
			}
		}), "an unknown key is KindInternal"},
		{"passes over the purpose of a derivation", masters(func(m *wrongMaster) {
			m.derive = func(id, _ string, data []byte) ([32]byte, error) { return m.MasterKey.Derive(id, "", data) }
		}), "key, purpose and data each change it"},
		{"runs purpose and data together", masters(func(m *wrongMaster) {
			m.derive = func(id, purpose string, data []byte) ([32]byte, error) {
				return m.MasterKey.Derive(id, "", append([]byte(purpose), data...))
			}
		}), "key, purpose and data each change it"},
		{"seals for one at a time", masters(func(m *wrongMaster) {
			one := &alone{}
			m.seal = func(purpose string, plain []byte) ([]byte, error) {
				if err := one.enter(); err != nil {
					return nil, err
				}
				return m.MasterKey.Seal(purpose, plain)
			}
		}), "32 that use new purposes at once"},
	},
}
