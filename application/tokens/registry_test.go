package tokens

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/test/given"
)

// claimsAt are a user's claims whose jti tells the time.
func claimsAt(at time.Time) token.AccessClaims {
	return token.AccessClaims{ID: random{}.NewID(at).String(), Subject: "user", ClientID: "client", SessionID: "session"}
}

func TestRegistryEndsByMillisecond(t *testing.T) {
	cut := given.Now.Truncate(time.Millisecond).Add(400 * time.Microsecond)
	for _, kind := range []token.SignalKind{token.SignalUserRevoked, token.SignalClientRevoked} {
		r := NewRegistry()
		id := map[token.SignalKind]string{token.SignalUserRevoked: "user", token.SignalClientRevoked: "client"}[kind]
		r.Apply(token.Signal{Kind: kind, ID: id, Before: cut, ExpiresAt: cut.Add(time.Hour)})
		for at, ended := range map[time.Time]bool{
			cut.Add(-time.Second):      true,
			cut:                        true,
			cut.Add(time.Microsecond):  true, // the jti tells no more than the millisecond: the safe side
			cut.Add(time.Millisecond):  false,
			cut.Add(15 * time.Minute):  false,
			cut.Add(-15 * time.Minute): true,
		} {
			if got := r.Ended(claimsAt(at)); got != ended {
				t.Errorf("%s: token of %s: ended %v, want %v", kind, at.Sub(cut), got, ended)
			}
		}
	}
}

func TestRegistryUnreadableIDCountsAsOld(t *testing.T) {
	r := NewRegistry()
	r.Apply(token.Signal{Kind: token.SignalUserRevoked, ID: "user", Before: given.Now, ExpiresAt: given.Now.Add(time.Hour)})
	for _, id := range []string{"", "x", "00000000-0000-4000-8000-000000000000"} {
		c := claimsAt(given.Now.Add(time.Hour))
		c.ID = id
		if !r.Ended(c) {
			t.Errorf("jti %q escapes a revocation by time", id)
		}
	}
}

func TestRegistryConcerns(t *testing.T) {
	r := NewRegistry()
	for _, kind := range []token.SignalKind{token.SignalPrincipalChanged, token.SignalRolesChanged, token.SignalKeysChanged} {
		r.Apply(token.Signal{Kind: kind, ID: "user"})
	}
	if r.Size() != 0 {
		t.Errorf("holds %d signals that end nothing", r.Size())
	}
	// Kinds do not leak into each other: a session's id is no user's.
	r.Apply(token.Signal{Kind: token.SignalSessionEnded, ID: "user", ExpiresAt: given.Now})
	r.Apply(token.Signal{Kind: token.SignalUserRevoked, ID: "client", Before: given.Now.Add(time.Hour), ExpiresAt: given.Now})
	r.Apply(token.Signal{Kind: token.SignalSessionEnded, ID: "", ExpiresAt: given.Now})
	if r.Ended(claimsAt(given.Now)) {
		t.Error("ended by a signal of another kind")
	}
	if r.Ended(token.AccessClaims{ID: "jti", Subject: "client", ClientID: "client"}) {
		t.Error("a client's token was ended by a user's or a session's signal")
	}
}

func TestRegistryForgets(t *testing.T) {
	r := NewRegistry()
	c := claimsAt(given.Now)
	r.Apply(token.Signal{Kind: token.SignalTokenRevoked, ID: c.ID, ExpiresAt: given.Now.Add(time.Minute)})
	r.Forget(given.Now.Add(time.Minute - time.Microsecond))
	if !r.Ended(c) || r.Size() != 1 {
		t.Fatal("forgot what could still end a token")
	}
	r.Forget(given.Now.Add(time.Minute))
	if r.Ended(c) || r.Size() != 0 {
		t.Error("holds on to what has expired")
	}
}

// Whatever the order and number of arrivals, the latest Before and expiry win.
func TestRegistryMerges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewRegistry()
		var before, expires time.Time
		for range rapid.IntRange(1, 8).Draw(t, "signals") {
			s := token.Signal{Kind: token.SignalUserRevoked, ID: "user",
				Before:    given.Now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "before")) * time.Millisecond),
				ExpiresAt: given.Now.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, "expires")) * time.Second)}
			for range rapid.IntRange(1, 2).Draw(t, "times") {
				r.Apply(s)
			}
			before, expires = latest(before, s.Before), latest(expires, s.ExpiresAt)
		}
		r.Forget(expires.Add(-time.Microsecond))
		if r.Size() != 1 || !r.Ended(claimsAt(before)) || r.Ended(claimsAt(before.Add(time.Millisecond))) {
			t.Fatalf("size %d, cut %s", r.Size(), before.Sub(given.Now))
		}
		r.Forget(expires)
		if r.Size() != 0 {
			t.Fatal("outlives its expiry")
		}
	})
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestRegistryConcurrent(t *testing.T) {
	r := NewRegistry()
	all := make([]token.AccessClaims, 200)
	for i := range all {
		all[i] = claimsAt(given.Now)
	}
	var wait sync.WaitGroup
	for _, c := range all {
		wait.Go(func() {
			r.Apply(token.Signal{Kind: token.SignalTokenRevoked, ID: c.ID, ExpiresAt: given.Now.Add(time.Hour)})
			if !r.Ended(c) {
				t.Error("not ended right after it was applied")
			}
			r.Forget(given.Now)
		})
	}
	wait.Wait()
	if r.Size() != len(all) {
		t.Errorf("holds %d, want %d", r.Size(), len(all))
	}
}

func FuzzIssuedAt(f *testing.F) {
	for _, seed := range []string{"", given.ID().String(), "{" + given.ID().String() + "}", "urn:uuid:" + given.ID().String(), "\x00", "00000000-0000-4000-8000-000000000000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, jti string) {
		at := issuedAt(token.AccessClaims{ID: jti})
		id, err := domain.ParseID(jti)
		if readable := err == nil && id.Version() == 7; readable == at.IsZero() {
			t.Errorf("%q: issued at %s", jti, at)
		}
	})
}
