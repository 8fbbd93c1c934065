package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // SHA-384 and SHA-512, for algorithms next to ours
	"crypto/x509"
	"encoding/base64"
	"maps"
	"testing"

	"github.com/google/uuid"

	"github.com/keystone-auth/keystone/adapters/outbound/masterkey"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
)

// forger signs what it likes with a server's own key, which it takes out of the
// database with the master key: only what it says can be the reason to refuse.
type forger struct {
	kid     string
	alg     string
	private any // []byte, *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey
	header  members
	payload members // of a genuine token, but for its jti
}

// members is a JSON object; a nil value takes a member away.
type members map[string]any

func (m members) with(name string, value any) members {
	out := maps.Clone(m)
	if out[name] = value; value == nil {
		delete(out, name)
	}
	return out
}

// forger takes the active signing key; genuine is a token that it signed.
func (s *Server) forger(t *testing.T, genuine string) *forger {
	t.Helper()
	f := &forger{header: claims(t, genuine, 0), payload: claims(t, genuine, 1)}
	f.kid, _ = f.header["kid"].(string)
	f.alg, _ = f.header["alg"].(string)
	f.payload["jti"] = uuid.Must(uuid.NewV7()).String()
	db := s.open(t)
	defer func() { _ = db.Close() }() // nothing was written
	var sealed []byte
	if err := db.QueryRow("SELECT sealed FROM signing_keys WHERE id = $1", f.kid).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	master, err := masterkey.New(domain.NewSecret(s.settings["MASTER_KEY"]), domain.Secret{}, system.NewRandom())
	if err != nil {
		t.Fatal(err)
	}
	private, err := master.Open("signing-key", sealed)
	if err != nil {
		t.Fatal(err)
	}
	f.private = private
	if f.alg != "HS256" {
		if f.private, err = x509.ParsePKCS8PrivateKey(private); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// token signs a header and claims.
func (f *forger) token(header, payload members) string { return f.raw(text(header), text(payload)) }

// saying is a token with one claim changed.
func (f *forger) saying(claim string, value any) string {
	return f.token(f.header, f.payload.with(claim, value))
}

// headed is a token with one member of the header changed.
func (f *forger) headed(name string, value any) string {
	return f.token(f.header.with(name, value), f.payload)
}

// raw signs any texts by the algorithm of the key.
func (f *forger) raw(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(f.sign(f.alg, input))
}

// sign makes the signature of RFC 7518 over the input, by any algorithm that
// the kind of key could be used with.
func (f *forger) sign(alg, input string) (signature []byte) {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[max(0, len(alg)-3):]]
	digest := func() []byte {
		h := hash.New()
		h.Write([]byte(input))
		return h.Sum(nil)
	}
	var err error
	switch private := f.private.(type) {
	case []byte:
		mac := hmac.New(hash.New, private)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	case *rsa.PrivateKey:
		if alg[:2] == "PS" {
			signature, err = rsa.SignPSS(rand.Reader, private, hash, digest(), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(rand.Reader, private, hash, digest())
		}
	case *ecdsa.PrivateKey:
		r, v, failed := ecdsa.Sign(rand.Reader, private, digest())
		if err = failed; err == nil {
			signature = make([]byte, 64)
			r.FillBytes(signature[:32])
			v.FillBytes(signature[32:])
		}
	case ed25519.PrivateKey:
		signature = ed25519.Sign(private, []byte(input))
	}
	if err != nil {
		panic(err) // a key of ours signs
	}
	return signature
}

// swapped says another algorithm and is signed by it.
func (f *forger) swapped(alg string) string {
	input := b64([]byte(text(f.header.with("alg", alg)))) + "." + b64([]byte(text(f.payload)))
	return input + "." + b64(f.sign(alg, input))
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
