package tokens

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// clock stands still until it is moved on; slept tells of each Sleep entered.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	changed chan struct{}
	slept   chan time.Duration
}

func newClock() *clock {
	return &clock{now: given.Now, changed: make(chan struct{}), slept: make(chan time.Duration, 1000)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	until, announced := c.Now().Add(d), false
	for {
		c.mu.Lock()
		now, changed := c.now, c.changed
		c.mu.Unlock()
		if !announced {
			c.slept <- d
			announced = true
		}
		if !now.Before(until) {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// random makes ids that tell their millisecond, as the port promises.
type random struct{}

func (random) NewID(now time.Time) domain.ID {
	id := given.ID()
	for i, ms := 5, now.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	return id
}

func (random) Entropy() [32]byte { return sha256.Sum256([]byte(given.Digest())) }

// master seals by naming its purpose.
type master struct{ outbound.MasterKey }

func (master) Seal(purpose string, plain []byte) ([]byte, error) {
	return []byte(purpose + "/" + string(plain)), nil
}

func (master) Open(purpose string, sealed []byte) ([]byte, error) {
	prefix := purpose + "/"
	if len(sealed) < len(prefix) || string(sealed[:len(prefix)]) != prefix {
		return nil, domain.Internal(errors.New("sealed with another key"))
	}
	return sealed[len(prefix):], nil
}

type key struct {
	id  string
	alg token.Algorithm
}

func (k key) ID() string                 { return k.id }
func (k key) Algorithm() token.Algorithm { return k.alg }

// codec remembers what it signed; verifications counts real ones.
type codec struct {
	mu            sync.Mutex
	signed        map[string]token.AccessClaims
	made, loaded  int
	verifications int
}

func (c *codec) Generate(alg token.Algorithm) (outbound.KeyMaterial, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	id := fmt.Sprintf("%s-%d", alg, c.made)
	material := outbound.KeyMaterial{ID: id, Private: []byte("private of " + id)}
	if alg != token.HS256 {
		material.PublicJWK = []byte(`{"kid":"` + id + `"}`)
	}
	return material, nil
}

func (c *codec) Load(kid string, alg token.Algorithm, private []byte) (outbound.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if string(private) != "private of "+kid {
		return nil, domain.Internal(errors.New("not this key's private half"))
	}
	c.loaded++
	return key{kid, alg}, nil
}

func (c *codec) Sign(_ context.Context, k outbound.Key, claims token.AccessClaims) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	claims.KeyID = k.ID()
	raw := fmt.Sprintf("token-%d", len(c.signed)+1)
	c.signed[raw] = claims
	return raw, nil
}

func (c *codec) Verify(raw string, find func(string) (outbound.Key, bool)) (token.AccessClaims, error) {
	c.mu.Lock()
	claims, ok := c.signed[raw]
	c.verifications++
	c.mu.Unlock()
	if !ok {
		return token.AccessClaims{}, token.InvalidToken("not a token")
	}
	if _, trusted := find(claims.KeyID); !trusted {
		return token.AccessClaims{}, token.InvalidToken("an unknown key")
	}
	return claims, nil
}

// cache keeps everything.
type cache[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]V
}

func newCache[K comparable, V any]() *cache[K, V] { return &cache[K, V]{kept: map[K]V{}} }

func (c *cache[K, V]) Get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.kept[k]
	return v, ok
}

func (c *cache[K, V]) Load(ctx context.Context, k K, load func(context.Context, K) (V, error)) (V, error) {
	if v, ok := c.Get(k); ok {
		return v, nil
	}
	v, err := load(ctx, k)
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[k] = v
	return v, nil
}

func (c *cache[K, V]) Drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.kept, k)
}

func (c *cache[K, V]) DropAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.kept)
}

// log is a SignalLog of function fields.
type log struct {
	since func(mark time.Time) ([]token.Signal, time.Time, error)
	prune func(now time.Time, limit int) (int, error)
	watch func(ctx context.Context) // sees each call begin
}

func (l *log) Since(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
	if l.watch != nil {
		l.watch(ctx)
	}
	return l.since(mark)
}

func (l *log) Prune(ctx context.Context, now time.Time, limit int) (int, error) {
	if l.watch != nil {
		l.watch(ctx)
	}
	return l.prune(now, limit)
}

// bus hands over what it published, and its subscriber's receive to the test.
type bus struct {
	mu         sync.Mutex
	published  []token.Signal
	fail       error
	bounded    bool // the last Publish had a deadline
	subscribed chan func([]token.Signal)
}

func newBus() *bus { return &bus{subscribed: make(chan func([]token.Signal), 10)} }

func (b *bus) Publish(ctx context.Context, signals ...token.Signal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	b.published = append(b.published, signals...)
	_, b.bounded = ctx.Deadline()
	return b.fail
}

func (b *bus) Subscribe(ctx context.Context, receive func([]token.Signal)) error {
	b.subscribed <- receive
	<-ctx.Done()
	return ctx.Err()
}

// unavailable is what a store that does not answer fails with.
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
