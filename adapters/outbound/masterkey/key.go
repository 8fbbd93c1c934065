package masterkey

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"sync"
)

// idSize is the length of a key id, in bytes: enough to tell apart the few keys
// that an installation ever has.
const idSize = 4

// salt keeps what is derived here apart from any other use of the same bytes.
const salt = "keystone master key v1"

// key is one master key with the subkeys made from it so far.
type key struct {
	id    string
	raw   [idSize]byte // of id
	prk   []byte
	seals sync.Map // purpose -> cipher.AEAD; purposes are the program's constants, so this stays small
	macs  sync.Map // purpose -> *sync.Pool of hash.Hash
}

func newKey(secret []byte) (*key, error) {
	prk, err := hkdf.Extract(sha256.New, secret, []byte(salt))
	if err != nil {
		return nil, fmt.Errorf("can't be used: %w", err)
	}
	k := &key{prk: prk}
	name, err := k.expand("id", "")
	if err != nil {
		return nil, fmt.Errorf("can't be used: %w", err)
	}
	sum := sha256.Sum256(name)
	copy(k.raw[:], sum[:])
	k.id = hex.EncodeToString(k.raw[:])
	return k, nil
}

// expand gives the 32 byte subkey of a label and a purpose (RFC 5869, section
// 2.3). Labels hold no zero byte, so no two pairs are spelled alike.
func (k *key) expand(label, purpose string) ([]byte, error) {
	return hkdf.Expand(sha256.New, k.prk, label+"\x00"+purpose, sha256.Size)
}

func (k *key) aead(purpose string) (cipher.AEAD, error) {
	if made, ok := k.seals.Load(purpose); ok {
		return made.(cipher.AEAD), nil
	}
	subkey, err := k.expand("seal", purpose)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(subkey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	k.seals.Store(purpose, aead)
	return aead, nil
}

func (k *key) mac(purpose string, data []byte) (sum [sha256.Size]byte, err error) {
	made, ok := k.macs.Load(purpose)
	if !ok {
		subkey, err := k.expand("derive", purpose)
		if err != nil {
			return sum, err
		}
		// Each holds the state after its key, which costs as much as short data.
		made, _ = k.macs.LoadOrStore(purpose, &sync.Pool{New: func() any { return hmac.New(sha256.New, subkey) }})
	}
	pool := made.(*sync.Pool)
	mac := pool.Get().(hash.Hash)
	mac.Reset()
	mac.Write(data)
	mac.Sum(sum[:0])
	pool.Put(mac)
	return sum, nil
}
