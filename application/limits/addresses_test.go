package limits

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// texted counts the requests for a code that came through.
type texted struct {
	inbound.OwnAddresses
	through int
}

func (a *texted) RequestPhone(context.Context, inbound.Caller, string) error {
	a.through++
	return nil
}

// person is a user as a caller.
func person(name string) inbound.Caller {
	return inbound.Caller{Claims: token.AccessClaims{Subject: name, SessionID: "a session"}}
}

func wantReached(t *testing.T, err error, limit domain.LimitName) {
	t.Helper()
	var refused *domain.Error
	if !errors.As(err, &refused) || refused.Code != domain.CodeRateLimited || refused.Limit.Name != limit {
		t.Errorf("got %v, want %s reached", err, limit)
	}
}

func TestCodesAreLimitedByUser(t *testing.T) {
	inner := &texted{}
	limited := guardOf(map[domain.LimitName]int{domain.LimitSMSUser: 5, domain.LimitSMSNumber: 100}).Addresses(inner)
	for i := range 5 {
		if err := limited.RequestPhone(t.Context(), person("alice"), fmt.Sprintf("+43123456%03d", i)); err != nil {
			t.Fatalf("code %d: %v", i+1, err)
		}
	}
	wantReached(t, limited.RequestPhone(t.Context(), person("alice"), "+43123456999"), domain.LimitSMSUser)
	if err := limited.RequestPhone(t.Context(), person("bob"), "+43123456999"); err != nil || inner.through != 6 {
		t.Errorf("another user: %v, %d came through", err, inner.through)
	}
}

// TestCodesAreLimitedByNumber: however many accounts ask, and however they spell it.
func TestCodesAreLimitedByNumber(t *testing.T) {
	inner := &texted{}
	limited := guardOf(map[domain.LimitName]int{domain.LimitSMSUser: 100, domain.LimitSMSNumber: 5}).Addresses(inner)
	spelt := []string{"+4312345678", "+43 1 234 5678"}
	for i := range 5 {
		if err := limited.RequestPhone(t.Context(), person(fmt.Sprint("user ", i)), spelt[i%2]); err != nil {
			t.Fatalf("code %d: %v", i+1, err)
		}
	}
	wantReached(t, limited.RequestPhone(t.Context(), person("user 5"), spelt[1]), domain.LimitSMSNumber)
	if err := limited.RequestPhone(t.Context(), person("user 5"), "+4312345679"); err != nil || inner.through != 6 {
		t.Errorf("another number: %v, %d came through", err, inner.through)
	}
}

// TestWhatIsRefusedAnywayTakesNoCode: a number that is none, and a caller that is no user.
func TestWhatIsRefusedAnywayTakesNoCode(t *testing.T) {
	inner := &texted{}
	limited := guardOf(map[domain.LimitName]int{domain.LimitSMSUser: 1, domain.LimitSMSNumber: 1}).Addresses(inner)
	for range 3 {
		if err := limited.RequestPhone(t.Context(), person("alice"), "none"); err != nil {
			t.Error(err)
		}
		if err := limited.RequestPhone(t.Context(), inbound.Caller{}, "+4312345678"); err != nil {
			t.Error(err)
		}
	}
	if err := limited.RequestPhone(t.Context(), person("alice"), "+4312345678"); err != nil || inner.through != 7 {
		t.Errorf("%v, %d came through", err, inner.through)
	}
}
