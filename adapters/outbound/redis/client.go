package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"

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

// Client is the connection to Redis, or the attempt at one.
type Client struct {
	option rueidis.ClientOption
	prefix string
	clock  outbound.Clock

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
		reason: errors.New("redis: not connected yet"),
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

// publish sends a message, or gives up after publishTimeout.
func (c *Client) publish(ctx context.Context, channel, message string) error {
	client, err := c.use()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	if err := client.Do(ctx, client.B().Publish().Channel(channel).Message(message).Build()).Error(); err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	return nil
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
	client, err := p.client.use()
	if err != nil {
		return err
	}
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	return nil
}
