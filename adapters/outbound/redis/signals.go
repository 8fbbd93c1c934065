package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	beatInterval = 100 * time.Millisecond // leaves room for a late one within the port's 250 ms
	beatValid    = 250 * time.Millisecond // a beat that took longer was held up in a frozen server
)

// SignalBus is an outbound.SignalBus over Redis' publish and subscribe.
type SignalBus struct {
	client *Client
	clock  outbound.Clock
	random outbound.Random
	shared string // the channel of all instances
}

var _ outbound.SignalBus = (*SignalBus)(nil)

// NewSignalBus makes a bus of all instances with the client's prefix.
func NewSignalBus(client *Client, clock outbound.Clock, random outbound.Random) *SignalBus {
	return &SignalBus{client: client, clock: clock, random: random, shared: client.prefix + "signals"}
}

// Publish sends the signals in one message, within 200 ms or not at all.
func (b *SignalBus) Publish(ctx context.Context, signals ...token.Signal) error {
	if len(signals) == 0 {
		return nil
	}
	message, err := json.Marshal(signals)
	if err != nil {
		return domain.Internal(fmt.Errorf("redis: signals: %w", err))
	}
	return b.client.publish(ctx, b.shared, string(message))
}

// Subscribe listens on a connection of its own, and on another after that one
// broke. It gives up at one on which nothing was heard, so that whoever is told
// of its errors learns of a Redis that was never there.
func (b *SignalBus) Subscribe(ctx context.Context, receive func(signals []token.Signal)) error {
	for {
		heard, err := b.listen(ctx, receive)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !heard:
			return err
		}
		if err := b.clock.Sleep(ctx, firstPause); err != nil {
			return err
		}
	}
}

// listen serves one connection until it breaks, and tells whether anything was
// heard on it and why it broke.
func (b *SignalBus) listen(ctx context.Context, receive func([]token.Signal)) (heard bool, err error) {
	node, err := b.client.node()
	if err != nil {
		return false, err
	}
	own := b.shared + ":" + b.random.NewID(b.clock.Now()).String()

	ctx, cancel := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { b.beat(ctx, own) })
	defer beating.Wait()
	defer cancel()

	err = node.Dedicated(func(connection rueidis.DedicatedClient) error {
		subscribe := connection.B().Subscribe().Channel(b.shared, own).Build()
		return connection.Receive(ctx, subscribe, func(m rueidis.PubSubMessage) {
			heard = true
			switch m.Channel {
			case own:
				if b.isFresh(m.Message) {
					receive(nil)
				}
			case b.shared:
				if signals := decode(m.Message); len(signals) > 0 {
					receive(signals)
				}
			}
		})
	})
	if err == nil {
		err = errors.New("redis: the subscription ended")
	}
	return heard, domain.Unavailable(err, retryAfter)
}

// beat sends the subscriber its own signs of life. A beat that can't be sent
// is one that does not arrive: silence is the message.
func (b *SignalBus) beat(ctx context.Context, own string) {
	for ctx.Err() == nil {
		_ = b.client.publish(ctx, own, strconv.FormatInt(b.clock.Now().UnixMicro(), 10))
		if b.clock.Sleep(ctx, beatInterval) != nil {
			return
		}
	}
}

// isFresh tells whether a beat was sent a moment ago, by the same clock.
func (b *SignalBus) isFresh(beat string) bool {
	sent, err := strconv.ParseInt(beat, 10, 64)
	return err == nil && b.clock.Now().Sub(time.UnixMicro(sent)) <= beatValid
}

// decode reads a message of the shared channel. What can't be read, from
// another version or another program, carries nothing for us.
func decode(message string) []token.Signal {
	var signals []token.Signal
	if json.Unmarshal([]byte(message), &signals) != nil {
		return nil
	}
	for i := range signals {
		signals[i].Before, signals[i].ExpiresAt = signals[i].Before.UTC(), signals[i].ExpiresAt.UTC()
	}
	return signals
}
