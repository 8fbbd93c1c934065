package tokens

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

func operator() inbound.Caller {
	return inbound.Caller{Scopes: scope.NewSet(scope.AdminSystem), Principal: token.Principal{Kind: domain.PartyUser, ID: "operator"}}
}

func TestKeysNeedTheirScope(t *testing.T) {
	w := newWorld(t)
	caller := inbound.Caller{Scopes: scope.NewSet(scope.AdminUsers, scope.AdminClients)}
	_, err := w.maker.Keys(t.Context(), caller, domain.Page{Limit: 10})
	wantCode(t, err, domain.CodeInsufficientScope)
	before := w.store.stored().keys
	_, err = w.maker.Rotate(t.Context(), caller)
	wantCode(t, err, domain.CodeInsufficientScope)
	if len(w.store.stored().keys) != len(before) {
		t.Error("rotated without the scope")
	}
}

func TestRotate(t *testing.T) {
	w := newWorld(t)
	before := w.store.stored().keys
	access, _, _ := w.login(t, client.FirstParty)
	w.clock.advance(100 * time.Millisecond)
	active, err := w.maker.Rotate(t.Context(), operator())
	must(t, err)
	if active.ID != before[1].ID || active.State != token.KeyActive || !active.ActivatedAt.Equal(w.clock.Now()) {
		t.Errorf("the next key did not become active: %+v", active)
	}
	after := w.store.stored()
	want := map[token.Algorithm][]token.KeyState{token.ES256: {token.KeyRetired, token.KeyActive, token.KeyNext}}
	if diff := cmp.Diff(want, states(after.keys)); diff != "" {
		t.Fatalf("keys (-want +got):\n%s", diff)
	}
	if until := after.keys[0].ExpiresAt; until.Before(w.clock.Now().Add(client.MaxLifetime)) {
		t.Errorf("the old key is trusted until %s only", until)
	}
	if signs, err := w.ring.active(); err != nil || signs.ID() != active.ID {
		t.Errorf("signs with %v, %v", signs, err)
	}
	w.caller(t, access) // tokens of the retired key live on
	again, _, _ := w.login(t, client.FirstParty)
	w.caller(t, again)
	if published := jwks(t, w.ring); len(published) != 3 {
		t.Errorf("published %v", published)
	}
	events := after.events
	rotated := slices.IndexFunc(events, func(e domain.Event) bool { return e.Type == domain.EventSigningKeysRotated })
	if rotated < 0 || events[rotated].Actor.ID != "operator" || events[rotated].Subject.ID != active.ID {
		t.Errorf("events %v", events)
	}
	if last := after.signals[len(after.signals)-1]; last.Kind != token.SignalKeysChanged {
		t.Errorf("other instances are not told: %+v", last)
	}
}

func TestRotationsAtOnceTakeTurns(t *testing.T) {
	w := newWorld(t)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			_, maker := w.instance(token.ES256)
			if _, err := maker.Rotate(t.Context(), operator()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	count := map[token.KeyState]int{}
	for _, k := range w.store.stored().keys {
		count[k.State]++
	}
	if diff := cmp.Diff(map[token.KeyState]int{token.KeyActive: 1, token.KeyNext: 1, token.KeyRetired: 20}, count); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestRotateIfDue(t *testing.T) {
	w := newWorld(t, func(p *Policy) { p.KeyRotation = time.Hour })
	keys := func() int { return len(w.store.stored().keys) }
	rotated := func(want int, when string) {
		t.Helper()
		must(t, w.maker.RotateIfDue(t.Context()))
		if got := keys(); got != want {
			t.Errorf("%s: %d keys, want %d", when, got, want)
		}
	}
	w.clock.advance(time.Hour - time.Microsecond)
	rotated(2, "before it is due")
	w.clock.advance(time.Microsecond)
	// Another instance, whose ring in memory is of before, finds it due as well.
	policy := testPolicy()
	policy.KeyRotation = time.Hour
	ring := NewKeyRing(policy, w.clock, w.codec, master{}, w.store)
	must(t, ring.Reload(t.Context()))
	other := NewKeyMaker(policy, w.clock, w.codec, master{}, w.store, ring)
	rotated(3, "when due")
	must(t, other.RotateIfDue(t.Context()))
	if got := keys(); got != 3 {
		t.Errorf("rotated twice: %d keys", got)
	}
	rotated(3, "just after")
	w.clock.advance(time.Hour)
	rotated(4, "an hour later")

	never := newWorld(t)
	never.clock.advance(10000 * time.Hour)
	must(t, never.maker.RotateIfDue(t.Context()))
	if len(never.store.stored().keys) != 2 {
		t.Error("rotated although rotation is off")
	}
}

func TestKeysInPages(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		_, err := w.maker.Rotate(t.Context(), operator())
		must(t, err)
	}
	var got []string
	page := domain.Page{Limit: 2}
	for {
		found, err := w.maker.Keys(t.Context(), operator(), page)
		must(t, err)
		for _, k := range found.Items {
			got = append(got, k.ID)
		}
		if page.After = found.Next; page.After == "" {
			break
		}
	}
	var want []string
	for _, k := range w.store.stored().keys {
		want = append(want, k.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 5 {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	_, err := w.maker.Keys(t.Context(), operator(), domain.Page{Limit: 2, After: "another"})
	wantCode(t, err, domain.CodeInvalidInput)
}

func TestReseal(t *testing.T) {
	w := newWorld(t)
	_, err := w.maker.Rotate(t.Context(), operator())
	must(t, err)
	w.clock.advance(48 * time.Hour) // the retired one is trusted no more
	w.store.keys[0].Sealed = []byte("sealed with a key that is long gone")
	kept := w.store.keys[0]
	resealed, err := w.maker.Reseal(t.Context())
	must(t, err)
	if resealed != 2 {
		t.Errorf("resealed %d keys, want 2", resealed)
	}
	if diff := cmp.Diff(kept, w.store.stored().keys[0]); diff != "" {
		t.Errorf("a key that is trusted no more was changed:\n%s", diff)
	}
	ring, _ := w.instance(token.ES256)
	must(t, ring.Reload(t.Context()))
	w.store.keys[1].Sealed = []byte("sealed by a stranger")
	if _, err := w.maker.Reseal(t.Context()); err == nil {
		t.Error("resealed what could not be opened")
	}
}
