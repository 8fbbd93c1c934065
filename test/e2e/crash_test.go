package e2e

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// forked counts the sessions with more than one live refresh token.
const forked = `SELECT count(*) FROM (SELECT session_id FROM refresh_tokens WHERE NOT is_used AND NOT is_revoked
	GROUP BY session_id HAVING count(*) > 1) AS f`

// refreshing keeps a chain going until the server is gone, and gives the last
// token that was answered: what a client would go on with.
func refreshing(s *Server, current string, done *atomic.Int64) (string, error) {
	for {
		got, err := s.try(refreshGrant(current))
		if err != nil {
			return current, nil //nolint:nilerr // the server was killed: the end that is waited for
		}
		if got.status != http.StatusOK {
			return current, errors.New(string(got.body))
		}
		current = got.text("refresh_token")
		done.Add(1)
	}
}

// TestKillUnderLoad: whatever was lost with a killed process, every client goes
// on with what it has (OPS-04, RTK-17).
func TestKillUnderLoad(t *testing.T) {
	eachStoreCase(t, "OPS-04, RTK-17", settings{"REFRESH_RETRY_WINDOW": "60s"}, func(t *testing.T, s *Server) {
		const chains = 8
		a := s.register(t)
		var refreshed atomic.Int64
		var running sync.WaitGroup
		last, errs := make([]string, chains), make([]error, chains)
		for i := range chains {
			current := s.login(t, a).Refresh
			running.Go(func() { last[i], errs[i] = refreshing(s, current, &refreshed) })
		}
		eventually(t, startWithin, "under load", func() bool { return refreshed.Load() > 20*chains })
		s.Kill(t)
		running.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("refused before the kill: %v", err)
		}

		s.Start(t)
		s.wantCount(t, "0", forked)
		for _, current := range last {
			next := s.refresh(t, current)
			s.want(t, http.StatusOK, me(next.Access))
			s.refresh(t, next.Refresh)
		}
		s.wantCount(t, "0", forked)
	})
}

// TestTerminateUnderLoad: what was accepted is answered, and the process ends
// with status 0 (OPS-03).
func TestTerminateUnderLoad(t *testing.T) {
	eachStoreCase(t, "OPS-03", settings{"SHUTDOWN_DELAY": "300ms"}, func(t *testing.T, s *Server) {
		a := s.register(t)
		var refreshed atomic.Int64
		var running sync.WaitGroup
		last, errs := make([]string, 4), make([]error, 4)
		for i := range last {
			current := s.login(t, a).Refresh
			running.Go(func() { last[i], errs[i] = refreshing(s, current, &refreshed) })
		}
		pending := s.hold(t, passwordGrant(a))
		eventually(t, startWithin, "under load", func() bool { return refreshed.Load() > 40 })

		s.Terminate(t)
		eventually(t, stopWithin, "not ready any more", func() bool {
			got, err := s.try(call{method: "GET", path: "/readyz"})
			return err != nil || got.status == http.StatusServiceUnavailable
		})
		eventually(t, stopWithin, "closed to new connections", func() bool {
			connection, err := net.Dial("tcp", s.URL[len("http://"):])
			return err != nil || connection.Close() != nil
		})
		if got := pending.finish(t); got.status != http.StatusOK {
			t.Errorf("the request in flight: %d %s", got.status, got.body)
		}
		running.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Errorf("refused instead of cut off: %v", err)
		}
		s.Wait(t)

		s.Start(t)
		for _, current := range last {
			s.refresh(t, current)
		}
	})
}

// held is a request whose handler is waiting for the rest of its body.
type held struct {
	rest   *io.PipeWriter
	body   string
	result chan answer
	failed chan error
}

// hold sends all but the last byte of a form and returns once the server reads
// the body: it has then accepted the request.
func (s *Server) hold(t *testing.T, c call) held {
	t.Helper()
	reader, writer := io.Pipe()
	h := held{rest: writer, body: c.form, result: make(chan answer, 1), failed: make(chan error, 1)}
	s.secrets.keepForm(c.form)
	go func() {
		got, err := s.try(call{path: c.path, body: reader, media: mediaForm, header: http.Header{"Expect": {"100-continue"}}})
		if err != nil {
			h.failed <- err
			return
		}
		h.result <- got
	}()
	// With Expect, the transport reads from the pipe only after the server's 100 Continue.
	if _, err := writer.Write([]byte(c.form[:len(c.form)-1])); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h held) finish(t *testing.T) answer {
	t.Helper()
	if _, err := h.rest.Write([]byte(h.body[len(h.body)-1:])); err != nil {
		t.Fatal(err)
	}
	if err := h.rest.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-h.result:
		return got
	case err := <-h.failed:
		t.Fatal(err)
	}
	return answer{}
}
