package operations

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// master seals by its own name; another's seals do not open.
type master struct {
	outbound.MasterKey
	name string
}

func (m master) Seal(purpose string, plain []byte) ([]byte, error) {
	return []byte(m.name + "/" + purpose + "/" + string(plain)), nil
}

func (m master) Open(purpose string, sealed []byte) ([]byte, error) {
	prefix := m.name + "/" + purpose + "/"
	if len(sealed) < len(prefix) || string(sealed[:len(prefix)]) != prefix {
		return nil, domain.Internal(errors.New("sealed with another key"))
	}
	return sealed[len(prefix):], nil
}

// vault keeps what is proposed first.
type vault struct {
	kept map[string][]byte
	fail error
}

func (v *vault) Keep(_ context.Context, name string, proposed []byte) ([]byte, error) {
	if v.kept == nil {
		v.kept = map[string][]byte{}
	}
	if v.kept[name] == nil {
		v.kept[name] = proposed
	}
	return v.kept[name], v.fail
}

func (v *vault) Replace(_ context.Context, name string, sealed []byte) error {
	v.kept[name] = sealed
	return v.fail
}

func TestReseal(t *testing.T) {
	v := &vault{}
	if err := CheckMasterKey(t.Context(), v, master{name: "one"}); err != nil {
		t.Fatal(err)
	}
	for name, made := range map[string]entropy{auditKeyPurpose: {7}, NameKey: {8}} {
		if _, err := keptKey(t.Context(), v, master{name: "one"}, made, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := Reseal(t.Context(), v, master{name: "two"}, entropy{}); !errors.Is(err, ErrWrongMasterKey) {
		t.Errorf("another key: got %v", err)
	}
	both := changing{master{name: "two"}, master{name: "one"}}
	if err := Reseal(t.Context(), v, both, entropy{9}); err != nil {
		t.Fatal(err)
	}
	if err := CheckMasterKey(t.Context(), v, master{name: "two"}); err != nil {
		t.Errorf("without the previous key: %v", err)
	}
	for name, made := range map[string]byte{auditKeyPurpose: 7, NameKey: 8} {
		read := KeptKey(v, master{name: "two"}, entropy{9}, name)
		for range 2 {
			if key, err := read(t.Context()); err != nil || len(key) != 32 || key[0] != made {
				t.Errorf("%s is %v, %v", name, key, err)
			}
			v.fail = domain.Unavailable(nil, time.Second) // it is read once
		}
		v.fail = nil
	}
}

type entropy [1]byte

func (e entropy) Entropy() [32]byte       { return [32]byte{e[0]} }
func (entropy) NewID(time.Time) domain.ID { return domain.NoID }

// changing understands the previous key too.
type changing struct{ master, previous master }

func (c changing) ID() string { return c.master.name }
func (c changing) Seal(purpose string, plain []byte) ([]byte, error) {
	return c.master.Seal(purpose, plain)
}
func (c changing) Open(purpose string, sealed []byte) ([]byte, error) {
	if plain, err := c.master.Open(purpose, sealed); err == nil {
		return plain, nil
	}
	return c.previous.Open(purpose, sealed)
}
func (c changing) Derive(keyID, purpose string, data []byte) ([32]byte, error) {
	return c.master.Derive(keyID, purpose, data)
}

func TestCheckMasterKey(t *testing.T) {
	v := &vault{}
	for range 2 { // the first start, and the next
		if err := CheckMasterKey(t.Context(), v, master{name: "one"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := CheckMasterKey(t.Context(), v, master{name: "two"}); !errors.Is(err, ErrWrongMasterKey) {
		t.Errorf("another key: got %v", err)
	}
	v.fail = domain.Unavailable(nil, time.Second)
	if err := CheckMasterKey(t.Context(), v, master{name: "one"}); !domain.HasCode(err, domain.CodeUnavailable) {
		t.Errorf("no store: got %v", err)
	}
}

type clock struct{ outbound.Clock }

func (clock) Now() time.Time { return given.Now }

// probe is a function field.
type probe struct {
	name      string
	essential bool
	ping      func(ctx context.Context) error
}

func (p probe) Name() string                   { return p.name }
func (p probe) Essential() bool                { return p.essential }
func (p probe) Ping(ctx context.Context) error { return p.ping(ctx) }

func TestReady(t *testing.T) {
	up := probe{"database", true, func(context.Context) error { return nil }}
	down := probe{"redis", false, func(context.Context) error { return domain.Unavailable(nil, time.Second) }}
	bounded := probe{"redis", false, func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			return errors.New("a probe without a deadline")
		}
		return nil
	}}
	gone := probe{"database", true, func(context.Context) error { return domain.Unavailable(nil, time.Second) }}
	for name, c := range map[string]struct {
		probes  []outbound.Probe
		ready   bool
		healthy []inbound.Dependency
	}{
		"all up":                  {[]outbound.Probe{up, bounded}, true, []inbound.Dependency{{Name: "database", Healthy: true}, {Name: "redis", Healthy: true}}},
		"one down, not essential": {[]outbound.Probe{up, down}, true, []inbound.Dependency{{Name: "database", Healthy: true}, {Name: "redis"}}},
		"the essential one down":  {[]outbound.Probe{gone, bounded}, false, []inbound.Dependency{{Name: "database"}, {Name: "redis", Healthy: true}}},
	} {
		h := NewHealth(clock{}, c.probes)
		ready, dependencies := h.Ready(t.Context())
		if ready != c.ready || !cmp.Equal(c.healthy, dependencies) {
			t.Errorf("%s: %v, %+v", name, ready, dependencies)
		}
		h.Drain()
		if ready, dependencies := h.Ready(t.Context()); ready || !cmp.Equal(c.healthy, dependencies) {
			t.Errorf("%s, draining: %v, %+v", name, ready, dependencies)
		}
	}
}
