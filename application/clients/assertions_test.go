package clients

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

const issuer = "https://id.example.test"

// signed reads assertions that are in its map, where the keys are theirs.
type signed struct {
	outbound.Assertions
	by map[string]token.Assertion
}

func (s signed) Algorithms() []string      { return []string{"ES256"} }
func (s signed) Subject(raw string) string { return s.by[raw].Subject }
func (s signed) Verify(raw string, keys []byte, _ string) (token.Assertion, error) {
	if a, ok := s.by[raw]; ok && string(keys) == "keys of "+a.Issuer {
		return a, nil
	}
	return token.Assertion{}, token.InvalidToken("no")
}

// box is a unit of work over tickets: serial.
type box struct {
	outbound.Tickets
	mu   sync.Mutex
	used map[string]time.Time
	fail error
}

func (b *box) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return work(ctx, outbound.Repositories{Tickets: b})
}

func (b *box) Add(_ context.Context, t *token.Ticket) error {
	s := t.Snapshot()
	if _, taken := b.used[s.Purpose+s.Holder]; taken || b.fail != nil {
		if b.fail != nil {
			return b.fail
		}
		return domain.Conflict(domain.CodeConflict, "taken")
	}
	b.used[s.Purpose+s.Holder] = s.ExpiresAt
	return nil
}

func asserted(id string) token.Assertion {
	return token.Assertion{Issuer: "c", Subject: "c", Audience: []string{issuer}, ExpiresAt: given.Now.Add(time.Minute), ID: id}
}

func newAssertions(by map[string]token.Assertion) (*Assertions, *box) {
	b := &box{used: map[string]time.Time{}}
	return NewAssertions(clock{}, random{}, signed{by: by}, b, issuer, func() time.Duration { return 0 }), b
}

func withKeys(id string) *client.ServiceClient {
	return given.Client(func(s *client.Snapshot) {
		s.ClientID, s.SecretHash, s.AuthMethod, s.Keys = id, "", "private_key_jwt", "keys of "+id
	})
}

func TestAssertionsAreHeldToTheirClient(t *testing.T) {
	others, late, elsewhere := asserted("1"), asserted("1"), asserted("1")
	others.Issuer, late.ExpiresAt, elsewhere.Audience = "d", given.Now, []string{"https://other.example"}
	a, _ := newAssertions(map[string]token.Assertion{"good": asserted("1"), "other's": others, "late": late, "elsewhere": elsewhere})
	for raw, want := range map[string]bool{"good": true, "other's": false, "late": false, "elsewhere": false, "no assertion": false} {
		if got, ok := a.Verify(withKeys("c"), domain.NewSecret(raw), ""); ok != want || !ok && got.ID != "" {
			t.Errorf("%s: %t, %+v", raw, ok, got)
		}
	}
}

// Twenty requests with one assertion: one winner. Another jti, and another
// client's same jti, are none of it.
func TestAssertionsAreSpentOnce(t *testing.T) {
	a, b := newAssertions(nil)
	var won sync.Map
	var race sync.WaitGroup
	for i := range 20 {
		race.Go(func() {
			if first, err := a.Spend(t.Context(), asserted("1")); err != nil {
				t.Error(err)
			} else if first {
				won.Store(i, true)
			}
		})
	}
	race.Wait()
	winners := 0
	won.Range(func(any, any) bool { winners++; return true })
	if winners != 1 {
		t.Errorf("%d winners, want 1", winners)
	}
	others := asserted("1")
	others.Issuer = "d"
	for name, other := range map[string]token.Assertion{"another jti": asserted("2"), "another client": others} {
		if first, err := a.Spend(t.Context(), other); err != nil || !first {
			t.Errorf("%s: %t, %v", name, first, err)
		}
	}
	for _, until := range b.used {
		if until.Before(given.Now.Add(2 * time.Minute)) {
			t.Errorf("forgotten at %s, while a leeway may still take it", until)
		}
	}
	b.fail = unavailable()
	if _, err := a.Spend(t.Context(), asserted("3")); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("got %v", err)
	}
}
