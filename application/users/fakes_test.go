package users

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// clock tells the time that it is set to; Sleep ends at once unless a case
// says otherwise.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	sleep func(ctx context.Context) error
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
}

func (c *clock) Sleep(ctx context.Context, _ time.Duration) error {
	if c.sleep != nil {
		return c.sleep(ctx)
	}
	return ctx.Err()
}

type random struct{}

func (random) NewID(time.Time) domain.ID { return given.ID() }
func (random) Entropy() [32]byte         { return sha256.Sum256([]byte(given.Digest())) }

type master struct{ outbound.MasterKey }

func (master) ID() string { return "mk" }

func (master) Derive(keyID, purpose string, data []byte) ([32]byte, error) {
	mac := hmac.New(sha256.New, []byte(keyID+"/"+purpose))
	mac.Write(data)
	return [32]byte(mac.Sum(nil)), nil
}

func names(context.Context) ([]byte, error) { return []byte("the key of names"), nil }

// hasher "hashes" by prefixing; verified counts evaluations, busy refuses them.
type hasher struct {
	verified, hashed atomic.Int64
	mu               sync.Mutex
	outdated         bool
	fail             error                        // of Verify
	failHash         error                        // of Hash
	meanwhile        func(password domain.Secret) // runs during each evaluation
}

func (h *hasher) settings() hasher {
	h.mu.Lock()
	defer h.mu.Unlock()
	return hasher{outdated: h.outdated, fail: h.fail, failHash: h.failHash, meanwhile: h.meanwhile}
}

func (h *hasher) Hash(_ context.Context, password domain.Secret) (string, error) {
	h.hashed.Add(1)
	return hashOf(password.Reveal()), h.settings().failHash
}

func (h *hasher) Verify(_ context.Context, password domain.Secret, encoded string) (bool, bool, error) {
	s := h.settings()
	if s.fail != nil {
		return false, false, s.fail
	}
	h.verified.Add(1)
	if s.meanwhile != nil {
		s.meanwhile(password)
	}
	match := encoded != "" && encoded == hashOf(password.Reveal())
	return match, match && s.outdated, nil
}

// lenient finds every password strong and none in the history.
type lenient struct{}

func (lenient) Judge(context.Context, domain.Secret, []string) (user.Strength, error) {
	return user.Strength{Score: user.MaxScore}, nil
}

func (lenient) Recent(context.Context, domain.ID, int) ([]string, error) { return nil, nil }

func hashOf(password string) string { return "hash of " + password }

func busy() error { return domain.E(domain.KindUnavailable, domain.CodeBusy, "the queue is full") }

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
