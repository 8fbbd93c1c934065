package grants

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

type clock struct {
	outbound.Clock
	now time.Time
}

func (c *clock) Now() time.Time { return c.now }

// denials keeps who was refused whom.
type denials struct{ kept []inbound.Denial }

func (d *denials) Denied(_ context.Context, denial inbound.Denial) error {
	d.kept = append(d.kept, denial)
	return nil
}

type random struct{}

func (random) NewID(time.Time) domain.ID { return given.ID() }
func (random) Entropy() [32]byte         { return sha256.Sum256([]byte(given.Digest())) }

// master derives under the keys it knows.
type master struct {
	outbound.MasterKey
	current string
	known   []string
}

func (m *master) ID() string { return m.current }

func (m *master) Derive(keyID, purpose string, data []byte) ([32]byte, error) {
	if !slices.Contains(m.known, keyID) {
		return [32]byte{}, domain.Internal(errors.New("an unknown key"))
	}
	mac := hmac.New(sha256.New, []byte(keyID+"/"+purpose))
	mac.Write(data)
	return [32]byte(mac.Sum(nil)), nil
}

func (*master) Open(string, []byte) ([]byte, error) { return nil, nil }

type signingKey struct{}

func (signingKey) ID() string                 { return "kid" }
func (signingKey) Algorithm() token.Algorithm { return token.ES256 }

// codec keeps what it signed last.
type codec struct {
	outbound.TokenCodec
	signed token.AccessClaims
	fail   error
}

func (*codec) Load(string, token.Algorithm, []byte) (outbound.Key, error) { return signingKey{}, nil }

func (c *codec) Sign(_ context.Context, _ outbound.Key, claims token.AccessClaims) (string, error) {
	c.signed = claims
	return "signed", c.fail
}

type keyDirectory struct{}

func (keyDirectory) Keys(context.Context) ([]*token.SigningKey, error) {
	return []*token.SigningKey{given.Key(func(s *token.KeySnapshot) { s.State = token.KeyActive })}, nil
}

// uncached reads through every time.
type uncached[V any] struct{}

func (uncached[V]) Get(string) (v V, ok bool) { return v, false }
func (uncached[V]) Load(ctx context.Context, k string, load func(context.Context, string) (V, error)) (V, error) {
	return load(ctx, k)
}
func (uncached[V]) Drop(string) {}
func (uncached[V]) DropAll()    {}

// people gives principals.
type people struct {
	mu   sync.Mutex
	all  map[domain.ID]token.Principal
	fail error
}

func (u *people) User(_ context.Context, id domain.ID) (token.Principal, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p, ok := u.all[id]; ok || u.fail != nil {
		return p, u.fail
	}
	return token.Principal{}, domain.NotFound("no such user")
}

// authenticator is a function field.
type authenticator func(inbound.ClientCredentials) (*client.ServiceClient, error)

func (a authenticator) Authenticate(_ context.Context, c inbound.ClientCredentials) (*client.ServiceClient, error) {
	return a(c)
}

// grant is a Grant of function fields.
type grant struct {
	name  string
	rules Rules
	prove func(Request) (Proof, error)
}

func (g grant) Name() string                                      { return g.name }
func (g grant) Rules() Rules                                      { return g.rules }
func (g grant) Prove(_ context.Context, r Request) (Proof, error) { return g.prove(r) }

func policy() tokens.Policy {
	return tokens.Policy{Issuer: "https://id.example.test", Algorithm: token.ES256, AccessTTL: 15 * time.Minute, RefreshTTL: 720 * time.Hour,
		SessionMaxAge: 2160 * time.Hour, RetryWindow: 10 * time.Second}
}

func issuer(t *testing.T, p tokens.Policy, c *clock, codec *codec) *tokens.Issuer {
	t.Helper()
	ring := tokens.NewKeyRing(p, c, codec, &master{}, keyDirectory{})
	must(t, ring.Reload(t.Context()))
	return tokens.NewIssuer(p, c, random{}, codec, ring)
}

func unavailable() error { return domain.Unavailable(errors.New("the store is away"), time.Second) }

func wantCode(t *testing.T, err error, code domain.Code) {
	t.Helper()
	if !domain.HasCode(err, code) {
		t.Fatalf("got error %v, want %s", err, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
