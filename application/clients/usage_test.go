package clients

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// turns is a clock whose every sleep lasts until the test says so.
type turns struct {
	outbound.Clock
	next chan struct{}
}

func (c turns) Sleep(ctx context.Context, _ time.Duration) error {
	select {
	case <-c.next:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// records keeps what each statement stored.
type records struct {
	outbound.ClientUsage
	mu     sync.Mutex
	fail   error
	stored []map[string]time.Time
	called chan struct{}
}

func (r *records) Record(_ context.Context, used map[string]time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.called <- struct{}{} }()
	if r.fail != nil {
		return r.fail
	}
	r.stored = append(r.stored, maps.Clone(used))
	return nil
}

func TestUsageIsStoredInBatches(t *testing.T) {
	c, r := turns{next: make(chan struct{})}, &records{called: make(chan struct{}, 10)}
	u := NewUsage(c, r)
	u.Start(t.Context())
	at := func(n int) time.Time { return given.Now.Add(time.Duration(n) * time.Second) }

	u.Used("a", at(2))
	u.Used("a", at(1)) // late: it does not go back
	u.Used("b", at(1))
	c.next <- struct{}{}
	<-r.called
	c.next <- struct{}{} // nothing new: no statement
	r.mu.Lock()
	r.fail = errors.New("away")
	r.mu.Unlock()
	u.Used("a", at(3))
	c.next <- struct{}{}
	<-r.called // failed, and kept
	u.Used("c", at(4))
	r.mu.Lock()
	r.fail = nil
	r.mu.Unlock()
	if err := u.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []map[string]time.Time{{"a": at(2), "b": at(1)}, {"a": at(3), "c": at(4)}}
	if diff := cmp.Diff(want, r.stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if err := NewUsage(c, r).Stop(t.Context()); err != nil {
		t.Errorf("stopping what never started: %v", err)
	}
}

// TestSecretsOverlap has both secrets prove the client until the grace is over,
// and notes only who proved themselves.
func TestSecretsOverlap(t *testing.T) {
	current, previous := given.Opaque(token.SecretPrefix), given.Opaque(token.SecretPrefix)
	for name, tc := range map[string]struct {
		until  time.Time
		secret domain.Secret
		proven bool
	}{
		"the current one":            {given.Now.Add(time.Second), current, true},
		"the previous one":           {given.Now.Add(time.Microsecond), previous, true},
		"the previous one, at last":  {given.Now, previous, false},
		"the previous one, too late": {given.Now.Add(-time.Second), previous, false},
		"another":                    {given.Now.Add(time.Second), given.Opaque(token.SecretPrefix), false},
		"none":                       {given.Now.Add(time.Second), domain.Secret{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := given.Client(func(c *client.Snapshot) {
				c.SecretHash, c.PreviousSecretHash, c.PreviousSecretUntil = string(token.DigestOf(current)), string(token.DigestOf(previous)), tc.until
			})
			var used []string
			a := authenticatorOf(t, source(func(string) (*client.ServiceClient, error) { return c, nil }), func(id string, at time.Time) {
				if at.Equal(given.Now) {
					used = append(used, id)
				}
			})
			_, err := a.Authenticate(t.Context(), inbound.ClientCredentials{Method: inbound.AuthPost, ID: c.ClientID(), Secret: tc.secret})
			if (err == nil) != tc.proven || (len(used) == 1) != tc.proven {
				t.Errorf("got %v, noted %v", err, used)
			}
		})
	}
}
