package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
	"github.com/keystone-auth/keystone/test/services"
)

var (
	clock  = system.NewClock()
	random = system.NewRandom()
)

func open(t testing.TB, url, prefix string) *redis.Client {
	t.Helper()
	client, err := redis.Open(context.Background(), url, prefix, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func openBus(t testing.TB, url, prefix string) outbound.SignalBus {
	return redis.NewSignalBus(open(t, url, prefix), clock, random)
}

// ear keeps what a subscription heard.
type ear struct {
	mu    sync.Mutex
	signs int
	heard []token.Signal
}

func (e *ear) receive(signals []token.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(signals) == 0 {
		e.signs++
	}
	e.heard = append(e.heard, signals...)
}

func (e *ear) state() (signs int, heard []token.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.signs, append([]token.Signal(nil), e.heard...)
}

func (e *ear) awaitLife(t testing.TB) {
	t.Helper()
	before, _ := e.state()
	eventually(t, "a sign of life", func() bool { signs, _ := e.state(); return signs > before })
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// listen subscribes until the test ends, again where Redis is away, and then
// checks that it is over.
func listen(t testing.TB, bus outbound.SignalBus) *ear {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e, ended := &ear{}, make(chan error, 1)
	go func() {
		for {
			err := bus.Subscribe(ctx, e.receive)
			if domain.AsError(err).Kind != domain.KindUnavailable || clock.Sleep(ctx, 5*time.Millisecond) != nil {
				ended <- err
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Subscribe() = %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Subscribe did not return after its context ended")
		}
	})
	return e
}

var expiry = time.Date(2026, time.November, 23, 10, 15, 0, 123456000, time.UTC)

func signal(id string) token.Signal {
	return token.Signal{Kind: token.SignalSessionEnded, ID: id, ExpiresAt: expiry}
}

func TestBadMessagesAreIgnored(t *testing.T) {
	server := miniredis.RunT(t)
	bus := openBus(t, "redis://"+server.Addr(), "p:")
	e := listen(t, bus)
	e.awaitLife(t)
	for _, message := range []string{"", "hunter2", "null", "{}", "[]", "[1]", `[{"kind":1}]`, `[{"expires_at":"soon"}]`, "[", "\xff", `[{"kind":"token"`} {
		server.Publish("p:signals", message)
	}
	server.Publish("p:signals:another", "1")
	server.Publish("q:signals", `[{"kind":"token","id":"of another installation","expires_at":"2026-11-23T10:15:00Z"}]`)
	server.Publish("p:signals", `[{"kind":"user","id":"u","before":"2026-11-23T11:15:00+01:00","expires_at":"2026-11-23T11:15:00.123456+01:00","later":true}]`)
	want := []token.Signal{{Kind: token.SignalUserRevoked, ID: "u", Before: time.Date(2026, time.November, 23, 10, 15, 0, 0, time.UTC), ExpiresAt: expiry}}
	eventually(t, "the good message", func() bool { _, heard := e.state(); return len(heard) > 0 })
	if _, heard := e.state(); cmp.Diff(want, heard) != "" {
		t.Error(cmp.Diff(want, heard))
	}
	e.awaitLife(t)
}

func TestLifeNeedsTheWholeWayRound(t *testing.T) {
	server := miniredis.RunT(t)
	e := listen(t, openBus(t, "redis://"+server.Addr(), "p:"))
	e.awaitLife(t)
	var own string
	for _, channel := range server.PubSubChannels("p:signals:*") {
		own = channel
	}
	if own == "" {
		t.Fatal("no channel of the subscriber's own")
	}
	server.SetError("READONLY") // every command fails, the connection stays
	eventually(t, "silence", func() bool {
		before, _ := e.state()
		time.Sleep(300 * time.Millisecond)
		after, _ := e.state()
		return before == after
	})
	before, _ := e.state()
	for _, stale := range []string{"0", "1", "", "soon", fmt.Sprint(time.Now().Add(-time.Second).UnixMicro())} {
		server.Publish(own, stale)
	}
	server.Publish("p:signals", `[{"kind":"keys","id":"","expires_at":"2026-11-23T10:15:00Z"}]`)
	eventually(t, "what came after the stale beats", func() bool { _, heard := e.state(); return len(heard) == 1 })
	if after, _ := e.state(); after != before {
		t.Errorf("%d stale beats passed for life", after-before)
	}
	server.SetError("")
	e.awaitLife(t)
}

func TestStartsWithoutRedisAndFindsItLater(t *testing.T) {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	address := server.Addr()
	server.Close()

	client := open(t, "redis://"+address, "p:")
	bus, probe := redis.NewSignalBus(client, clock, random), redis.NewProbe(client)
	e := listen(t, bus)
	deaf := bus.Subscribe(t.Context(), func([]token.Signal) { t.Error("heard without Redis") })
	for what, err := range map[string]error{"Publish": bus.Publish(t.Context(), signal("1")), "Ping": probe.Ping(t.Context()), "Subscribe": deaf} {
		if domain.AsError(err).Kind != domain.KindUnavailable {
			t.Errorf("%s without Redis = %v", what, err)
		}
	}
	if err := server.StartAddr(address); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	e.awaitLife(t)
	if err := probe.Ping(t.Context()); err != nil || probe.Name() != "redis" {
		t.Errorf("%s.Ping() = %v", probe.Name(), err)
	}
}

func TestRestartIsSurvived(t *testing.T) {
	server := miniredis.RunT(t)
	bus := openBus(t, "redis://"+server.Addr(), "p:")
	e := listen(t, bus)
	for round := range 3 {
		e.awaitLife(t)
		server.Close()
		eventually(t, "publishing fails", func() bool {
			return domain.AsError(bus.Publish(t.Context(), signal("lost"))).Kind == domain.KindUnavailable
		})
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		e.awaitLife(t)
		exchange(t, bus, e, fmt.Sprint("round ", round))
	}
}

func TestOpenRefusesBadURLsOnly(t *testing.T) {
	if _, err := redis.Open(t.Context(), "http://localhost", "p:", clock); err == nil {
		t.Error("Open(http) succeeded")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	client, err := redis.Open(ended, "redis://192.0.2.1", "p:", clock)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if err := redis.NewProbe(client).Ping(t.Context()); domain.AsError(err).Kind != domain.KindUnavailable {
		t.Errorf("Ping() after Close = %v", err)
	}
}

func TestWrongPasswordIsNotEchoed(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("app", "right")
	err := redis.NewProbe(open(t, "redis://app:hunter2@"+server.Addr(), "p:")).Ping(t.Context())
	if e := domain.AsError(err); err == nil || e.Kind != domain.KindUnavailable || e.Unwrap() == nil {
		t.Fatalf("Ping() = %v", err)
	}
	if text := fmt.Sprintf("%v %+v", err, domain.AsError(err).Unwrap()); strings.Contains(text, "hunter2") {
		t.Errorf("the error holds the password: %s", text)
	}
	if err := redis.NewProbe(open(t, "redis://app:right@"+server.Addr(), "p:")).Ping(t.Context()); err != nil {
		t.Errorf("Ping() with the right password = %v", err)
	}
}

// servers are the miniredis and the Redis that the bus is held to.
var servers = map[string]func(t *testing.T) (url, prefix string){
	"miniredis": func(t *testing.T) (string, string) { return "redis://" + miniredis.RunT(t).Addr(), "p:" },
	"Redis":     func(t *testing.T) (string, string) { return services.Redis(t) },
}

func TestContract(t *testing.T) {
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			url, prefix := server(t)
			contract.RunSignalBus(t, func(t *testing.T) (a, b outbound.SignalBus) {
				return openBus(t, url, prefix), openBus(t, url, prefix)
			})
		})
	}
}

func TestPrefixesAreApart(t *testing.T) {
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			url, prefix := server(t)
			bus := openBus(t, url, prefix)
			own, foreign := listen(t, bus), listen(t, openBus(t, url, prefix+"other:"))
			foreign.awaitLife(t)
			exchange(t, bus, own, "1")
			foreign.awaitLife(t)
			if _, heard := foreign.state(); len(heard) > 0 {
				t.Errorf("another prefix heard %v", heard)
			}
		})
	}
}
