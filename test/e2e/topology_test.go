//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/test/services"
)

// The tests of this file and its siblings break the servers around Keystone:
//
//	topology_redis_test.go     a Redis, three Sentinels, a Cluster
//	topology_postgres_test.go  a primary that is lost, and one that takes its place
//	topology_replicas_test.go  a replica that is near, or is not
//	topology_proxy_test.go     nginx in front of three instances
//
// Each has the machine to itself as far as this package goes: none is parallel.

// recovery is how long all may take to be well again after a fault has ended.
const recovery = 20 * time.Second

// onOwnPostgres are the settings of instances on a server of the test's own.
func onOwnPostgres(primary *services.PostgresServer) settings {
	return common().with(settings{"DATABASE_URL": primary.URL(), "DATABASE_MAX_CONNS": "10"})
}

// pair is two instances and the tokens that they must not confuse.
type pair struct {
	one, other *Server
	dead       []string // ended, and known to be everywhere
	living     []grant
}

func newPair(t *testing.T, given settings) *pair {
	t.Helper()
	p := &pair{one: start(t, given)}
	p.other = p.one.sibling(t)
	for range 3 {
		p.living = append(p.living, p.one.login(t, p.one.register(t)))
	}
	for _, g := range endOnOne(t, p.one, p.other) {
		p.dead = append(p.dead, g.Access)
	}
	return p
}

// through holds both instances, all the time that something is done to what is
// around them, to the one promise that knows no exception, and to answering
// either as ever or 503 with Retry-After.
func (p *pair) through(t *testing.T, what string, do func()) {
	t.Helper()
	began := time.Now()
	defer func() { t.Logf("%s: %s", what, time.Since(began).Round(time.Millisecond)) }()
	stop := make(chan struct{})
	var watching sync.WaitGroup
	findings := make([]error, 2)
	for i, s := range []*Server{p.one, p.other} {
		watching.Go(func() { findings[i] = p.watch(s, stop) })
	}
	do()
	close(stop)
	watching.Wait()
	if err := errors.Join(findings...); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func (p *pair) watch(s *Server, stop chan struct{}) error {
	for {
		for _, access := range p.dead {
			got, err := s.try(me(access))
			if err != nil {
				return err
			}
			if got.status != http.StatusUnauthorized && !comeBack(got) {
				return fmt.Errorf("an ended token: %d %s", got.status, got.body)
			}
		}
		for _, g := range p.living {
			got, err := s.try(me(g.Access))
			if err != nil {
				return err
			}
			if got.status != http.StatusOK && !comeBack(got) {
				return fmt.Errorf("a living token: %d %s", got.status, got.body)
			}
		}
		select {
		case <-stop:
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func comeBack(a answer) bool {
	return a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != ""
}

// end ends one more session of each kind on one instance; the other must know
// within the second that the contract allows.
func (p *pair) end(t *testing.T) {
	t.Helper()
	for _, g := range endOnOne(t, p.one, p.other) {
		p.dead = append(p.dead, g.Access)
	}
}

// well waits until both instances see their dependencies up and serve all that
// lives, and nothing that does not.
func (p *pair) well(t *testing.T, dependencies ...string) {
	t.Helper()
	for _, s := range []*Server{p.one, p.other} {
		for _, name := range dependencies {
			s.sees(t, name, "up")
		}
		eventually(t, recovery, "serving again", func() bool {
			return !slices.ContainsFunc(p.living, func(g grant) bool {
				got, err := s.try(me(g.Access))
				return err != nil || got.status != http.StatusOK
			})
		})
		for _, access := range p.dead {
			if got := s.send(t, me(access)); got.status != http.StatusUnauthorized {
				t.Errorf("an ended token afterwards: %d %s", got.status, got.body)
			}
		}
	}
}

// sees waits until readiness tells a state of a dependency.
func (s *Server) sees(t *testing.T, dependency, state string) {
	t.Helper()
	eventually(t, recovery, dependency+" "+state, func() bool {
		got, err := s.try(call{method: "GET", path: "/readyz"})
		if err != nil {
			return false
		}
		all, _ := got.member("dependencies").(map[string]any)
		one, _ := all[dependency].(map[string]any)
		return one["status"] == state
	})
}

// metric reads one value from the operators' listener.
func (s *Server) metric(t *testing.T, series string) float64 {
	t.Helper()
	response, err := s.http.Get("http://" + s.settings["OPS_ADDR"] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it is read as far as it is wanted
	var text strings.Builder
	if err := response.Write(&text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), series+" "); found {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return number
		}
	}
	t.Fatalf("there is no %s", series)
	return 0
}

// spread measures how soon the other instance refuses what ended on this one,
// from the moment at which that was answered, and reports it.
func (p *pair) spread(t *testing.T, tokens int) {
	t.Helper()
	a := p.one.register(t)
	var took []time.Duration
	for range tokens {
		g := p.one.login(t, a)
		p.other.want(t, http.StatusOK, me(g.Access)) // it is cached there
		p.one.want(t, http.StatusOK, call{path: revokePath, form: form("token", g.Access)})
		took = append(took, refusedAfter(t, p.other, g.Access))
		p.dead = append(p.dead, g.Access)
	}
	slices.Sort(took)
	t.Logf("revocation seen on the other instance: p50 %s, p99 %s, of %d", took[len(took)/2], took[len(took)*99/100], len(took))
}

// refusedAfter waits for an ended token to be refused, a second at most.
func refusedAfter(t *testing.T, s *Server, access string) time.Duration {
	t.Helper()
	for began := time.Now(); ; {
		asked := time.Since(began)
		got, err := s.try(me(access))
		switch {
		case err != nil:
			t.Fatal(err)
		case got.status == http.StatusUnauthorized:
			return asked
		case got.status == http.StatusOK && asked > seenWithin:
			t.Fatalf("accepted %s after it was ended, want refused within %s", asked, seenWithin)
		}
	}
}
