//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/test/services"
)

// proxyConfiguration passes a request on to another instance only where it was
// not sent: nginx does so for connections that are refused, and for those that
// break before an answer unless the method is POST or PATCH. The first port keeps
// connections, and closes idle ones before a draining instance does; the second
// makes one for each request, as nginx does when nobody tells it otherwise.
const proxyConfiguration = `
worker_processes 1;
pid %[1]s/pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_next_upstream error timeout;
  proxy_connect_timeout 2s;
  upstream fresh {
%[2]s
  }
  upstream kept {
%[2]s
    keepalive 16;
    keepalive_timeout 1s;
  }
  server {
    listen 127.0.0.1:%[3]d;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header Connection "";
    location / { proxy_pass http://kept; }
  }
  server {
    listen 127.0.0.1:%[4]d;
    location / { proxy_pass http://fresh; }
  }
}
`

// behindProxy starts three instances on Postgres and Redis and nginx in front
// of them, which gives each request to the next: by connections that are kept, and
// by fresh ones.
func behindProxy(t *testing.T, more settings) (kept, fresh *Server, instances []*Server) {
	t.Helper()
	nginx := services.Program(t, "nginx")
	primary, redis := services.NewPostgres(t), services.NewRedis(t)
	port, second := services.FreePort(t), services.FreePort(t)
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	given := onOwnPostgres(primary).with(settings{"REDIS_URL": redis.URL(), "ISSUER": url, "TRUSTED_PROXIES": "127.0.0.0/8", "DATABASE_MAX_CONNS": "8"}).with(more)
	instances = []*Server{start(t, given)}
	for range 2 {
		instances = append(instances, instances[0].sibling(t))
	}
	var upstream strings.Builder
	for _, s := range instances {
		fmt.Fprintf(&upstream, "    server %s max_fails=1 fail_timeout=1s;\n", strings.TrimPrefix(s.URL, "http://"))
	}
	listens := func() error {
		connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return err
		}
		return connection.Close()
	}
	services.RunProcess(t, listens, func(dir string) []string {
		file := filepath.Join(dir, "nginx.conf")
		text := fmt.Sprintf(proxyConfiguration, dir, upstream.String(), port, second)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil { // nginx runs as another user
			t.Fatal(err)
		}
		return []string{nginx, "-p", dir, "-c", file, "-g", "daemon off;"}
	})
	at := func(port int) *Server {
		return &Server{
			URL: fmt.Sprintf("http://127.0.0.1:%d", port), Issuer: url, Admin: instances[0].Admin,
			secrets: instances[0].secrets, http: newHTTPClient(t), Database: primary.URL(),
		}
	}
	return at(port), at(second), instances
}

// TestRollingRestart: each instance in turn is replaced while clients log in,
// refresh, register and are validated, and none of them sees a failure.
func TestRollingRestart(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	kept, fresh, instances := behindProxy(t, settings{"SHUTDOWN_DELAY": "2s"})
	a := kept.register(t)
	var stop atomic.Bool
	var served atomic.Int64
	var running sync.WaitGroup
	clients := []func() error{}
	serve := func(proxy *Server, status int, next func() call) func() error {
		return func() error {
			c := next()
			got, err := proxy.patient(c)
			if err != nil {
				return err
			}
			if got.status != status {
				return fmt.Errorf("%s: %d %s", c.path, got.status, got.body)
			}
			served.Add(1)
			return nil
		}
	}
	for _, proxy := range []*Server{kept, fresh} {
		g := proxy.login(t, a)
		current := g.Refresh
		clients = append(clients,
			serve(proxy, http.StatusOK, func() call { return me(g.Access) }),
			serve(proxy, http.StatusOK, func() call { return me(g.Access) }),
			serve(proxy, http.StatusAccepted, func() call { return registration(newAccount()) }),
			serve(proxy, http.StatusOK, func() call { return passwordGrant(a) }),
			func() error {
				got, err := proxy.patient(refreshGrant(current))
				if err == nil && got.status != http.StatusOK {
					err = fmt.Errorf("refresh: %d %s", got.status, got.body)
				}
				current = got.text("refresh_token")
				served.Add(1)
				return err
			})
	}
	errs := make([]error, len(clients))
	for i, once := range clients {
		running.Go(func() {
			for !stop.Load() && errs[i] == nil {
				errs[i] = once()
			}
		})
	}
	for _, s := range instances {
		had := served.Load()
		s.Restart(t)
		eventually(t, recovery, "under load", func() bool { return served.Load() > had+100 })
	}
	stop.Store(true)
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	t.Logf("%d requests served", served.Load())
}

// patient is try for a machine so busy that the state of revocations is unknown
// for a moment: it comes back when it is told to.
func (s *Server) patient(c call) (answer, error) {
	for attempt := 1; ; attempt++ {
		got, err := s.try(c)
		if err != nil || !comeBack(got) || attempt == patience {
			return got, err
		}
		time.Sleep(time.Second)
	}
}

// TestNoAffinity: limits, lockout, settings and keys are one, whichever instance
// a request comes to.
func TestNoAffinity(t *testing.T) {
	services.Long(t)
	needsProcess(t)
	proxy, _, instances := behindProxy(t, settings{"RATE_LIMITS": "off,login_user=9/1h", "LOCKOUT_ATTEMPTS": "5", "LOCKOUT_DURATIONS": "1h"})
	admin := proxy.login(t, proxy.Admin)
	everywhere := func(what string, holds func(s *Server) bool) {
		t.Helper()
		for _, s := range instances {
			eventually(t, recovery, what, func() bool { return holds(s) })
		}
	}

	t.Run("lockout", func(t *testing.T) {
		a := proxy.register(t)
		wrong := passwordGrant(account{Username: a.Username, Password: newPassword()})
		for range 5 {
			if got := proxy.want(t, http.StatusBadRequest, wrong); got.text("reason") == "account_locked" {
				t.Error("locked too early")
			}
		}
		for _, s := range instances {
			if got := s.want(t, http.StatusBadRequest, passwordGrant(a)); got.text("reason") != "account_locked" {
				t.Errorf("the right password of a locked account: %s", got.body)
			}
		}
		proxy.send(t, wrong)
		proxy.want(t, http.StatusTooManyRequests, wrong) // the tenth login under the name
	})
	t.Run("limits", func(t *testing.T) {
		nobody := account{Username: "nobody-" + random(), Password: newPassword()}
		got := statuses(atOnce(t, 30, func(int) (answer, error) { return proxy.try(passwordGrant(nobody)) }))
		if got[http.StatusTooManyRequests] != 21 {
			t.Errorf("of 30 logins under one name: %v, want 21 refused by a limit of 9", got)
		}
	})
	t.Run("settings", func(t *testing.T) {
		proxy.want(t, http.StatusOK, call{method: "PATCH", path: "/api/v1/admin/settings", bearer: admin.Access, json: `{"registration":"closed"}`})
		everywhere("closed", func(s *Server) bool { return s.send(t, registration(newAccount())).status == http.StatusForbidden })
		proxy.want(t, http.StatusOK, call{method: "PATCH", path: "/api/v1/admin/settings", bearer: admin.Access, json: `{"registration":null}`})
		everywhere("open", func(s *Server) bool { return s.send(t, registration(newAccount())).status == http.StatusAccepted })
	})
	t.Run("keys", func(t *testing.T) {
		before := string(proxy.get(t, "/.well-known/jwks.json").body)
		proxy.want(t, http.StatusOK, call{path: "/api/v1/admin/keys/rotate", bearer: admin.Access})
		everywhere("rotated", func(s *Server) bool { return string(s.get(t, "/.well-known/jwks.json").body) != before })
		fresh := proxy.login(t, proxy.Admin)
		for _, s := range instances {
			s.want(t, http.StatusOK, me(fresh.Access))
			s.want(t, http.StatusOK, me(admin.Access)) // of the key before
		}
	})
	t.Run("sessions", func(t *testing.T) {
		a := proxy.register(t)
		g := proxy.login(t, a)
		for range 6 {
			g = proxy.refresh(t, g.Refresh)
			proxy.want(t, http.StatusOK, me(g.Access))
		}
		proxy.want(t, http.StatusNoContent, call{path: logoutPath, bearer: g.Access})
		everywhere("ended", func(s *Server) bool { return s.send(t, me(g.Access)).status == http.StatusUnauthorized })
	})
}
