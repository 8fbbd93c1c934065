package tokens

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
)

// instance gives a ring and a maker of its own over the world's store.
func (w *world) instance(alg token.Algorithm) (*KeyRing, *KeyMaker) {
	policy := testPolicy()
	policy.Algorithm = alg
	ring := NewKeyRing(policy, w.clock, w.codec, master{}, w.store)
	return ring, NewKeyMaker(policy, w.clock, w.codec, master{}, w.store, ring)
}

func states(keys []token.KeySnapshot) map[token.Algorithm][]token.KeyState {
	all := map[token.Algorithm][]token.KeyState{}
	for _, k := range keys {
		all[k.Algorithm] = append(all[k.Algorithm], k.State)
	}
	return all
}

// meeting lets nobody go on from its first look before everyone has looked.
type meeting struct {
	*store
	everyone *sync.WaitGroup
	once     sync.Once
}

func (m *meeting) Keys(ctx context.Context) ([]*token.SigningKey, error) {
	keys, err := m.store.Keys(ctx)
	m.once.Do(func() { m.everyone.Done(); m.everyone.Wait() })
	return keys, err
}

func TestKeyMakerOneWinner(t *testing.T) {
	w := newWorld(t)
	w.store.keys = nil
	rings := make([]*KeyRing, 8)
	everyone := &sync.WaitGroup{}
	everyone.Add(len(rings))
	var wait sync.WaitGroup
	for i := range rings {
		ring, maker := w.instance(token.ES256)
		ring.directory = &meeting{store: w.store, everyone: everyone}
		rings[i] = ring
		wait.Go(func() {
			if err := maker.Ensure(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	want := map[token.Algorithm][]token.KeyState{token.ES256: {token.KeyActive, token.KeyNext}}
	if diff := cmp.Diff(want, states(w.store.stored().keys)); diff != "" {
		t.Fatalf("keys (-want +got):\n%s", diff)
	}
	for i, ring := range rings {
		active, err := ring.active()
		must(t, err)
		if active.ID() != w.store.keys[0].ID {
			t.Errorf("instance %d signs with %s", i, active.ID())
		}
	}
	if got := len(w.store.stored().signals); got != 2 { // one of the world's own start
		t.Errorf("%d signals, want one of the winner only", got)
	}
	events := map[domain.EventType]int{}
	for _, e := range w.store.stored().events {
		events[e.Type]++
	}
	if events[domain.EventSigningKeyCreated] != 4 { // two more from the world's own start
		t.Errorf("events: %v", events)
	}
}

func TestKeyMakerChangeOfAlgorithm(t *testing.T) {
	w := newWorld(t)
	access, _, _ := w.login(t, client.FirstParty)
	_, maker := w.instance(token.EdDSA)
	must(t, maker.Ensure(t.Context()))
	want := map[token.Algorithm][]token.KeyState{token.ES256: {token.KeyRetired, token.KeyRetired}, token.EdDSA: {token.KeyActive, token.KeyNext}}
	if diff := cmp.Diff(want, states(w.store.stored().keys)); diff != "" {
		t.Fatalf("keys (-want +got):\n%s", diff)
	}
	last := w.store.signals[len(w.store.signals)-1]
	if last.Kind != token.SignalKeysChanged {
		t.Fatalf("other instances are not told: %+v", last)
	}
	w.feed.Apply(t.Context(), last) // the instance that still runs with the old setting
	active, err := w.ring.active()
	must(t, err)
	if active.Algorithm() != token.EdDSA {
		t.Errorf("signs with retired %s", active.ID())
	}
	w.caller(t, access) // tokens of the retired key live on
	if until := w.store.keys[0].ExpiresAt; until.Before(w.clock.Now().Add(client.MaxLifetime)) {
		t.Errorf("trusted until %s only", until)
	}
	made := w.codec.made
	must(t, maker.Ensure(t.Context()))
	if w.codec.made != made {
		t.Error("a complete ring was added to")
	}
}

func TestKeyMakerFailures(t *testing.T) {
	w := newWorld(t)
	w.store.keys = nil
	ring, maker := w.instance(token.ES256)
	w.store.failAtEnd = unavailable()
	wantCode(t, maker.Ensure(t.Context()), domain.CodeUnavailable)
	if _, err := ring.active(); err == nil {
		t.Error("signs with a key that was not stored")
	}
	w.store.failWork = unavailable()
	wantCode(t, maker.Ensure(t.Context()), domain.CodeUnavailable)
}

func TestKeyRingReloadKeepsWhatItHad(t *testing.T) {
	w := newWorld(t)
	before, err := w.ring.active()
	must(t, err)
	kept := w.store.keys
	for name, c := range map[string]struct {
		change func()
		code   domain.Code
	}{
		"no store":             {func() { w.store.failWork = unavailable() }, domain.CodeUnavailable},
		"no keys":              {func() { w.store.keys = nil }, domain.CodeNotFound},
		"only retired":         {func() { w.store.keys = []token.KeySnapshot{{ID: "r", State: token.KeyRetired}} }, domain.CodeNotFound},
		"sealed by a stranger": {func() { w.store.keys = []token.KeySnapshot{{ID: "s", State: token.KeyActive, Sealed: []byte("?")}} }, domain.CodeInternal},
	} {
		c.change()
		wantCode(t, w.ring.Reload(t.Context()), c.code)
		if after, err := w.ring.active(); err != nil || after.ID() != before.ID() {
			t.Errorf("%s: lost the key that it had", name)
		}
		w.store.failWork, w.store.keys = nil, kept
	}
	loaded := w.codec.loaded
	must(t, w.ring.Reload(t.Context()))
	if w.codec.loaded != loaded {
		t.Error("opened a key again that it had open")
	}
}

func TestIssueWithoutKeys(t *testing.T) {
	w := newWorld(t)
	ring, _ := w.instance(token.ES256)
	_, err := NewIssuer(testPolicy(), w.clock, random{}, w.codec, ring).Issue(t.Context(), Grant{Principal: w.user, Lifetime: time.Minute})
	wantCode(t, err, domain.CodeInternal)
}

// jwks gives the kids that are published.
func jwks(t *testing.T, ring *KeyRing) []string {
	t.Helper()
	document, err := ring.JWKS(t.Context())
	must(t, err)
	var set struct {
		Keys []struct {
			Kid string `json:"kid"`
		} `json:"keys"`
	}
	must(t, json.Unmarshal(document, &set))
	if set.Keys == nil {
		t.Errorf("keys is not an array: %s", document)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

func TestJWKS(t *testing.T) {
	w := newWorld(t)
	_, maker := w.instance(token.EdDSA)
	must(t, maker.Ensure(t.Context()))
	must(t, w.ring.Reload(t.Context()))
	if diff := cmp.Diff([]string{"ES256-1", "ES256-2", "EdDSA-3", "EdDSA-4"}, jwks(t, w.ring)); diff != "" {
		t.Errorf("active, next and retired (-want +got):\n%s", diff)
	}
	w.clock.advance(25 * time.Hour) // by itself, without a reload
	if diff := cmp.Diff([]string{"EdDSA-3", "EdDSA-4"}, jwks(t, w.ring)); diff != "" {
		t.Errorf("after the last token of the retired (-want +got):\n%s", diff)
	}
	_, maker = w.instance(token.HS256)
	must(t, maker.Ensure(t.Context()))
	w.clock.advance(25 * time.Hour)
	must(t, w.ring.Reload(t.Context()))
	if got := jwks(t, w.ring); len(got) != 0 {
		t.Errorf("HS256 publishes %v", got)
	}
}
