package services

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

var redis = service{
	name:     "REDIS",
	variable: "KEYSTONE_TEST_REDIS_URL",
	local:    []string{"redis://127.0.0.1:6379"},
	ping: func(ctx context.Context, url string) error {
		return withRedis(url, func(c rueidis.Client) error { return c.Do(ctx, c.B().Ping().Build()).Error() })
	},
	image: image{
		repository: "redis", tag: "8-alpine", port: "6379/tcp",
		command: []string{"redis-server", "--save", "", "--appendonly", "no"},
		url:     "redis://%s",
	},
	private: func(s service) (string, error) { return untilTheEnd(privateRedis(s)) },
}

var redisServer = sync.OnceValues(redis.find)

// Redis gives the URL of a server and a prefix for keys and channels; the keys
// with that prefix are deleted when the test ends.
func Redis(t testing.TB) (url, prefix string) {
	t.Helper()
	server, err := redisServer()
	if err != nil {
		redis.missing(t, err)
	}
	prefix = fresh() + ":"
	t.Cleanup(func() {
		if err := deleteKeys(server, prefix); err != nil {
			t.Errorf("deleting the keys: %v", err)
		}
	})
	return server, prefix
}

func deleteKeys(server, prefix string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return withRedis(server, func(c rueidis.Client) error {
		for cursor := uint64(0); ; {
			page, err := c.Do(ctx, c.B().Scan().Cursor(cursor).Match(prefix+"*").Count(1000).Build()).AsScanEntry()
			if err != nil {
				return err
			}
			if len(page.Elements) > 0 {
				if err := c.Do(ctx, c.B().Unlink().Key(page.Elements...).Build()).Error(); err != nil {
					return err
				}
			}
			if cursor = page.Cursor; cursor == 0 {
				return nil
			}
		}
	})
}

func withRedis(url string, do func(rueidis.Client) error) error {
	options, err := rueidis.ParseURL(url)
	if err != nil {
		return err
	}
	options.DisableCache, options.ForceSingleClient = true, true
	options.Dialer.Timeout = time.Second
	c, err := rueidis.NewClient(options)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}

// StartRedis starts a private server that stores nothing on disk. It fails where
// this machine has no binaries.
func StartRedis() (Private, error) { return privateRedis(redis) }

// privateRedis starts a server that stores nothing on disk.
func privateRedis(s service) (Private, error) {
	server, err := binary("redis-server", "/usr/local/bin", "/opt/homebrew/bin")
	if err != nil {
		return Private{}, err
	}
	home, err := newHome("keystone-redis-")
	if err != nil {
		return Private{}, err
	}
	return home.serve(s, "TERM", func(port string) (string, []string) {
		return "redis://127.0.0.1:" + port, []string{
			server, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", home.dir, "--daemonize", "no",
		}
	})
}
