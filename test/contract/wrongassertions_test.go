package contract_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/jwt"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongReader is right, unless told otherwise.
type wrongReader struct {
	outbound.Assertions
	more    []string
	keep    func(document []byte) ([]byte, error)
	subject func(raw string) string
	verify  func(raw string, keys []byte, typ string) (token.Assertion, error)
}

func (r *wrongReader) Algorithms() []string { return append(r.Assertions.Algorithms(), r.more...) }

func (r *wrongReader) Keys(document []byte) ([]byte, error) {
	if r.keep != nil {
		return r.keep(document)
	}
	return r.Assertions.Keys(document)
}

func (r *wrongReader) Subject(raw string) string {
	if r.subject != nil {
		return r.subject(raw)
	}
	return r.Assertions.Subject(raw)
}

func (r *wrongReader) Verify(raw string, keys []byte, typ string) (token.Assertion, error) {
	if r.verify != nil {
		return r.verify(raw, keys, typ)
	}
	return r.Assertions.Verify(raw, keys, typ)
}

func readers(change func(*wrongReader)) func(*testing.T) {
	return func(t *testing.T) {
		contract.RunAssertions(t, func(*testing.T) outbound.Assertions {
			r := &wrongReader{Assertions: jwt.NewAssertions()}
			change(r)
			return r
		})
	}
}

// registering takes keys that a right reader refuses.
func registering(when func(document string, keys []map[string]any) bool) func(*testing.T) {
	return readers(func(r *wrongReader) {
		r.keep = func(document []byte) ([]byte, error) {
			kept, err := r.Assertions.Keys(document)
			var set struct{ Keys []map[string]any }
			if err != nil && json.Unmarshal(document, &set) == nil && when(string(document), set.Keys) {
				return document, nil
			}
			return kept, err
		}
	})
}

// believing takes assertions that a right reader refuses.
func believing(when func(j jws, keys []byte) bool) func(*testing.T) {
	return readers(func(r *wrongReader) {
		r.verify = func(raw string, keys []byte, typ string) (token.Assertion, error) {
			a, err := r.Assertions.Verify(raw, keys, typ)
			if err != nil && when(read(raw), keys) {
				return token.Assertion{Subject: "somebody"}, nil
			}
			return a, err
		}
	})
}

// doubting refuses assertions that a right reader takes.
func doubting(when func(jws) bool) func(*testing.T) {
	return readers(func(r *wrongReader) {
		r.verify = func(raw string, keys []byte, typ string) (token.Assertion, error) {
			if when(read(raw)) {
				raw = ""
			}
			return r.Assertions.Verify(raw, keys, typ)
		}
	})
}

func anyKey(is func(key map[string]any) bool) func(*testing.T) {
	return registering(func(_ string, keys []map[string]any) bool { return slices.ContainsFunc(keys, is) })
}

func claiming(change func(*token.Assertion)) func(*testing.T) {
	return readers(func(r *wrongReader) {
		r.verify = func(raw string, keys []byte, typ string) (token.Assertion, error) {
			a, err := r.Assertions.Verify(raw, keys, typ)
			if err == nil {
				change(&a)
			}
			return a, err
		}
	})
}

var wrongAssertions = adapterSuite{
	variants: []string{"ES256", "EdDSA"},
	only:     "^(algorithms_are_asymmetric|keys|ES256|EdDSA|confusion)$", // the clauses are the same for each algorithm
	right:    readers(func(*wrongReader) {}),
	wrong: []wrongAdapter{
		{"offers HS256", readers(func(r *wrongReader) { r.more = []string{"HS256"} }), "algorithms are asymmetric"},
		{"keeps all members", readers(func(r *wrongReader) {
			r.keep = func(document []byte) ([]byte, error) {
				if kept, err := r.Assertions.Keys(document); err != nil {
					return kept, err
				}
				return document, nil
			}
		}), "what is kept tells the public members alone"},
		{"takes private keys", anyKey(func(k map[string]any) bool { return k["d"] != nil || k["p"] != nil }), "refused: a private EC key"},
		{"takes secrets", anyKey(func(k map[string]any) bool { return k["kty"] == "oct" }), "refused: a secret"},
		{"takes keys for encryption", anyKey(func(k map[string]any) bool { return k["use"] == "enc" }), "refused: for encryption"},
		{"passes over alg of keys", anyKey(func(k map[string]any) bool { return k["alg"] == "none" || k["alg"] == "HS256" }), "refused: none"},
		{"takes short keys", anyKey(func(k map[string]any) bool { n, _ := k["n"].(string); return len(n) == 342 }), "refused: RSA of 2047 bits"},
		{"takes any exponent", anyKey(func(k map[string]any) bool { return k["kty"] == "RSA" && k["e"] != "AQAB" }), "refused: an exponent of 1"},
		{"takes many keys", registering(func(_ string, keys []map[string]any) bool { return len(keys) > 10 }), "refused: eleven"},
		{"takes keys of one name", registering(func(_ string, keys []map[string]any) bool {
			return len(keys) == 2 && keys[0]["kid"] != nil && keys[0]["kid"] == keys[1]["kid"]
		}), "refused: two of one kid"},
		{"takes no keys", registering(func(_ string, keys []map[string]any) bool { return len(keys) == 0 }), "refused: no keys"},
		{"takes any document", readers(func(r *wrongReader) {
			r.keep = func(document []byte) ([]byte, error) {
				if kept, err := r.Assertions.Keys(document); err == nil {
					return kept, nil
				}
				return document, nil
			}
		}), "refused: a point off the curve"},
		{"forgets the id", claiming(func(a *token.Assertion) { a.ID = "" }), "claims come as they were signed"},
		{"tells times of another zone", claiming(func(a *token.Assertion) { a.ExpiresAt = a.ExpiresAt.In(elsewhere) }), "claims come as they were signed"},
		{"makes times up", claiming(func(a *token.Assertion) {
			if a.IssuedAt.IsZero() {
				a.IssuedAt = time.Now()
			}
		}), "what is absent is zero"},
		{"knows no subject", readers(func(r *wrongReader) { r.subject = func(string) string { return "" } }), "claims come as they were signed"},
		{"wants a typ", doubting(func(j jws) bool { return j.header["typ"] == nil }), "accepted: no typ"},
		{"knows one case of typ", doubting(func(j jws) bool { return j.header["typ"] == "jwt" }), "accepted: typ in lower case"},
		{"wants a kid", doubting(func(j jws) bool { return j.header["kid"] == nil }), "accepted: no kid"},
		{"refuses more members", doubting(func(j jws) bool { return j.header["x"] != nil }), "accepted: a member that nobody must understand"},
		{"passes over typ", believing(func(j jws, _ []byte) bool { return j.header["typ"] != "JWT" }), "refused: typ at+jwt"},
		{"passes over alg", believing(func(j jws, _ []byte) bool {
			return !slices.Contains([]string{"ES256", "EdDSA"}, j.text("alg"))
		}), "refused: alg none"},
		{"takes public keys for secrets", believing(func(j jws, keys []byte) bool { return j.text("alg") == "HS256" && j.signedBy(keys) }), "as a secret"},
		{"passes over kid", believing(func(j jws, _ []byte) bool { return j.header["kid"] != "k" }), "refused: another kid"},
		{"tries the keys in turn", believing(func(j jws, keys []byte) bool {
			return j.header["kid"] == nil && strings.Contains(string(keys), `"l"`)
		}), "of several keys the kid decides"},
		{"passes over crit", believing(func(j jws, _ []byte) bool { return j.header["crit"] != nil }), "refused: crit"},
		{"trusts keys in headers", believing(func(j jws, _ []byte) bool { return j.header["jwk"] != nil }), "refused: keys that the assertion brings along"},
		{"takes any explicit typ", readers(func(r *wrongReader) {
			r.verify = func(raw string, keys []byte, _ string) (token.Assertion, error) {
				return r.Assertions.Verify(raw, keys, token.ClientAuthenticationType)
			}
		}), "refused: an explicit typ where none is asked for"},
		{"knows no explicit typ", readers(func(r *wrongReader) {
			r.verify = func(raw string, keys []byte, _ string) (token.Assertion, error) {
				return r.Assertions.Verify(raw, keys, "")
			}
		}), "accepted: the typ asked for"},
		{"reads payloads loosely", believing(func(j jws, _ []byte) bool {
			var claims struct {
				Sub string
				Exp float64
				Aud any
			}
			_, number := claims.Aud.(float64)
			return j.text("kid") == "k" && (json.Unmarshal([]byte(j.rawPayload), &claims) != nil || number || claims.Sub != "client-1")
		}), "refused: payload sub twice"},
		{"tidies up first", readers(func(r *wrongReader) {
			r.verify = func(raw string, keys []byte, typ string) (token.Assertion, error) {
				return r.Assertions.Verify(tidy(raw), keys, typ)
			}
		}), "refused: with a line break"},
		{"takes what is no token", believing(func(j jws, _ []byte) bool { return !j.whole }), "refused: one part"},
		{"takes any length", believing(func(j jws, _ []byte) bool { return len(j.raw) > 20_000 }), "refused: too long"},
		{"verifies no signature", believing(func(j jws, _ []byte) bool { return j.whole }), "refused: zeros for a signature"},
		{"wants no keys", believing(func(_ jws, keys []byte) bool { return keys == nil }), "refused: no keys at all"},
	},
}
