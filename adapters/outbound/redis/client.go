package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"github.com/sony/gobreaker/v2"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Pauses between attempts to connect: doubled from the first to the last.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// retryAfter is what callers are told while Redis does not answer.
const retryAfter = time.Second

const (
	// patience bounds every call: what takes longer is given up, whatever the
	// library is still waiting for.
	patience = 200 * time.Millisecond
	// After tripAfter calls in a row without an answer nobody waits any more. One
	// call in each openFor, mostly a beat of the bus, tries whether it is over.
	tripAfter = 3
	openFor   = 250 * time.Millisecond
)

// Client is the connection to Redis, or the attempt at one.
type Client struct {
	option rueidis.ClientOption
	prefix string
	clock  outbound.Clock

	breaker  *gobreaker.CircuitBreaker[any]
	patience time.Duration

	stop    context.CancelFunc
	stopped chan struct{}

	mu     sync.RWMutex
	client rueidis.Client // nil until connected
	reason error          // why it is nil
}

// Open connects to the Redis of the URL (see parse for its forms); every key and
// channel starts with prefix. It fails for a bad URL only. Where Redis is away
// it gives up waiting after the first attempt, or when ctx ends, and goes on
// trying in the background until Close: a process starts without its Redis.
func Open(ctx context.Context, url, prefix string, clock outbound.Clock) (*Client, error) {
	option, err := parse(url)
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Client{
		option: option, prefix: prefix, clock: clock, stop: stop, stopped: make(chan struct{}),
		breaker: newBreaker(), patience: patience, reason: errors.New("redis: not connected yet"),
	}
	attempted := make(chan struct{})
	go c.connect(background, sync.OnceFunc(func() { close(attempted) }))
	select {
	case <-attempted:
	case <-ctx.Done():
	}
	return c, nil
}

// connect tries until it succeeds or ctx ends. Later losses of a connection
// are the library's to mend.
func (c *Client) connect(ctx context.Context, attempted func()) {
	defer close(c.stopped)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		client, err := rueidis.NewClient(c.option)
		c.mu.Lock()
		c.client, c.reason = client, err
		c.mu.Unlock()
		attempted()
		if err == nil || c.clock.Sleep(ctx, pause) != nil {
			return
		}
	}
}

// Close ends all connections and attempts.
func (c *Client) Close() {
	c.stop()
	<-c.stopped
	if client, err := c.use(); err == nil {
		client.Close()
	}
}

// use gives the library's client, or says that there is none yet.
func (c *Client) use() (rueidis.Client, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.reason != nil {
		return nil, domain.Unavailable(c.reason, retryAfter)
	}
	return c.client, nil
}

// node gives one server to hold a connection of one's own to. In a cluster any
// will do: each passes messages on to all.
func (c *Client) node() (rueidis.Client, error) {
	client, err := c.use()
	if err != nil {
		return nil, err
	}
	for _, node := range client.Nodes() {
		return node, nil
	}
	return nil, domain.Unavailable(errors.New("redis: no node is known"), retryAfter)
}

// newBreaker counts calls that were not answered. A refusal is an answer, and a
// caller who left says nothing about Redis.
func newBreaker() *gobreaker.CircuitBreaker[any] {
	return gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name: "redis", Timeout: openFor,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool {
			_, refused := rueidis.IsRedisErr(err)
			return err == nil || refused
		},
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
	})
}

// do makes one call: for as long as its patience lasts, and not at all while
// Redis is known not to answer. Failures are KindUnavailable.
func do[T any](ctx context.Context, c *Client, call func(ctx context.Context, client rueidis.Client) (T, error)) (T, error) {
	client, err := c.use()
	if err != nil {
		var nothing T
		return nothing, err
	}
	answer, err := c.breaker.Execute(func() (any, error) {
		return c.within(ctx, func(ctx context.Context) (any, error) { return call(ctx, client) })
	})
	if err != nil {
		var nothing T
		return nothing, domain.Unavailable(fmt.Errorf("redis: %w", err), retryAfter)
	}
	return answer.(T), nil
}

// within gives up on a call that does not heed its context in time: the library
// waits for another caller's dialling without looking at its own.
func (c *Client) within(ctx context.Context, call func(ctx context.Context) (any, error)) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	type result struct {
		answer any
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := call(ctx)
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// publishAttempts is how many nodes of a cluster are asked, as any of them may
// be the one that is away and each brings a message to all.
const publishAttempts = 3

// publish sends a message.
func (c *Client) publish(ctx context.Context, channel, message string) error {
	_, err := do(ctx, c, func(ctx context.Context, client rueidis.Client) (sent struct{}, err error) {
		attempts := 1
		if client.Mode() == rueidis.ClientModeCluster {
			attempts = publishAttempts
		}
		for range attempts {
			err = client.Do(ctx, client.B().Publish().Channel(channel).Message(message).Build()).Error()
			if err == nil || ctx.Err() != nil {
				break
			}
		}
		return sent, err
	})
	return err
}

// Probe asks Redis for a sign of life.
type Probe struct{ client *Client }

var _ outbound.Probe = Probe{}

// NewProbe makes a probe of the client's own connections.
func NewProbe(client *Client) Probe { return Probe{client: client} }

// Name is redis.
func (Probe) Name() string { return "redis" }

// Essential is false: without Redis the store's own feed brings revocations,
// and an instance that a load balancer drops for it would serve less, not more.
func (Probe) Essential() bool { return false }

// Ping fails where Redis does not answer.
func (p Probe) Ping(ctx context.Context) error {
	_, err := do(ctx, p.client, func(ctx context.Context, client rueidis.Client) (string, error) {
		return client.Do(ctx, client.B().Ping().Build()).ToString()
	})
	return err
}
