package contract

import (
	"regexp"
	"testing"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// RunSchema holds an implementation to outbound.Schema. open gives one empty
// store, as two processes see it.
func RunSchema(t *testing.T, open func(t *testing.T) (a, b outbound.Schema)) {
	status := func(t *testing.T, s outbound.Schema) (current, newest int64) {
		t.Helper()
		current, newest, err := s.Status(within(t))
		ok(t, err)
		return current, newest
	}
	t.Run("behaviour", func(t *testing.T) {
		a, b := open(t)
		t.Run("an empty store has no version", func(t *testing.T) {
			if current, newest := status(t, a); current != 0 || newest < 1 {
				t.Errorf("version %d of %d", current, newest)
			}
		})
		t.Run("up leads to the newest, again too", func(t *testing.T) {
			_, newest := status(t, a)
			for range 2 {
				version, err := a.Up(within(t))
				ok(t, err)
				if current, _ := status(t, b); version != newest || current != newest {
					t.Errorf("told %d, seen %d, want %d", version, current, newest)
				}
			}
		})
		t.Run("down goes back one version at a time, and up again", func(t *testing.T) {
			_, newest := status(t, a)
			for last := newest; last > 0; { // numbers may be left out
				version, err := a.Down(within(t))
				ok(t, err)
				if current, _ := status(t, b); version >= last || current != version {
					t.Fatalf("told %d, seen %d, after %d", version, current, last)
				}
				last = version
			}
			version, err := a.Up(within(t))
			ok(t, err)
			if version != newest {
				t.Errorf("up again led to %d of %d", version, newest)
			}
		})
		t.Run("down from nothing is a conflict", func(t *testing.T) {
			empty, _ := open(t)
			_, err := empty.Down(within(t))
			wantKind(t, err, domain.KindConflict)
		})
		t.Run("an ended context changes nothing", func(t *testing.T) {
			empty, _ := open(t)
			_, err := empty.Up(ended(t))
			wantStopped(t, "Up", err)
			if current, _ := status(t, empty); current != 0 {
				t.Errorf("version %d", current)
			}
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("8 that bring it up at once: all see the newest", func(t *testing.T) {
			a, b := open(t)
			_, newest := status(t, a)
			both := []outbound.Schema{a, b}
			wantAll(t, race(8, func(i int) error {
				version, err := both[i%2].Up(within(t))
				if err == nil && version != newest {
					t.Errorf("led to %d of %d", version, newest)
				}
				return err
			}))
		})
	})
}

var probeName = regexp.MustCompile(`^[a-z]+$`)

// RunProbe holds an implementation to outbound.Probe. open gives one whose
// dependency answers and one whose does not.
func RunProbe(t *testing.T, open func(t *testing.T) (alive, dead outbound.Probe)) {
	alive, dead := open(t)
	t.Run("behaviour", func(t *testing.T) {
		t.Run("its name is a word", func(t *testing.T) {
			if !probeName.MatchString(alive.Name()) || alive.Name() != dead.Name() {
				t.Errorf("named %q and %q", alive.Name(), dead.Name())
			}
		})
		t.Run("whether it is essential does not depend on how it is", func(t *testing.T) {
			if alive.Essential() != dead.Essential() {
				t.Error("essential only sometimes")
			}
		})
		t.Run("what answers is well", func(t *testing.T) { ok(t, alive.Ping(within(t))) })
		t.Run("what does not answer fails", func(t *testing.T) {
			if err := dead.Ping(within(t)); err == nil {
				t.Error("a dead dependency is well")
			}
		})
		t.Run("an ended context fails", func(t *testing.T) {
			if err := alive.Ping(ended(t)); err == nil {
				t.Error("nobody waited, and it is well")
			}
		})
	})
	t.Run("contention", func(t *testing.T) {
		t.Run("20 at once: all succeed", func(t *testing.T) {
			wantAll(t, race(20, func(int) error { return alive.Ping(within(t)) }))
		})
	})
}
