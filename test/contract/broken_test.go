package contract

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// A suite is worth what it catches: each of these adapters is wrong in one way,
// and the suite has to fail in the named case when it runs in a process apart.

// lockouts is a right one in memory, unless told otherwise.
type lockouts struct {
	mutex  sync.Mutex
	stored map[string]user.LockoutSnapshot

	always, stuck, folded, local, loose bool
}

func (l *lockouts) Get(ctx context.Context, key string) (user.Lockout, error) {
	if err := ctx.Err(); err != nil {
		return user.Lockout{}, domain.Internal(err)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	s, found := l.stored[l.key(key)]
	if !found {
		return user.NewLockout(key), nil
	}
	if l.local {
		s.UpdatedAt = s.UpdatedAt.In(elsewhere)
	}
	return user.RehydrateLockout(s), nil
}

func (l *lockouts) key(key string) string {
	if l.folded {
		return strings.ToLower(key)
	}
	return key
}

func (l *lockouts) Swap(ctx context.Context, next user.Lockout) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, domain.Internal(err)
	}
	s := next.Snapshot()
	if l.loose { // compares first and stores later
		current, err := l.Get(ctx, s.Key)
		if err != nil || current.Snapshot().Version != s.Version {
			return false, err
		}
		time.Sleep(time.Millisecond)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if !l.always && !l.loose && l.stored[l.key(s.Key)].Version != s.Version {
		return false, nil
	}
	if !l.stuck {
		s.Version++
	}
	l.stored[l.key(s.Key)] = s
	return true, nil
}

// bus hands signals over at once, unless told otherwise.
type bus struct {
	mutex     sync.Mutex
	receivers map[int]func([]token.Signal)
	next      int
	faults
}

type faults struct{ drops, shares, silent, deaf bool }

func (b *bus) Publish(ctx context.Context, signals ...token.Signal) error {
	if err := ctx.Err(); err != nil {
		return domain.Unavailable(err, 0)
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.drops && len(signals) > 1 {
		signals = signals[:1]
	}
	for _, receive := range b.receivers {
		if !b.shares {
			receive(append([]token.Signal(nil), signals...))
			continue
		}
		receive(signals)
	}
	return nil
}

func (b *bus) Subscribe(ctx context.Context, receive func([]token.Signal)) error {
	b.mutex.Lock()
	id := b.next
	b.next++
	b.receivers[id] = receive
	receive(nil)
	b.mutex.Unlock()
	beat := time.NewTicker(10 * time.Millisecond)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			if !b.silent {
				b.mutex.Lock()
				receive(nil)
				b.mutex.Unlock()
			}
		case <-ctx.Done():
			if !b.deaf {
				b.mutex.Lock()
				delete(b.receivers, id)
				b.mutex.Unlock()
			}
			return ctx.Err()
		}
	}
}

type clock struct{ zone *time.Location }

func (c clock) Now() time.Time { return now().In(c.zone) }
func (clock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type random struct{ version byte }

func (r random) NewID(at time.Time) domain.ID {
	id := given.ID()
	for i, ms := 5, at.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	id[6] = id[6]&0x0f | r.version<<4
	return id
}

func (random) Entropy() [32]byte { return [32]byte(append(entropyHalf(), entropyHalf()...)) }

func entropyHalf() []byte {
	id, other := given.Digest(), given.Digest()
	return []byte(string(token.DigestOf(domain.NewSecret(string(id + other))))[:16])
}

var wrong = map[string]struct {
	run   func(t *testing.T)
	fails string // a case that has to fail; empty: all pass
}{
	"right lockouts":     {func(t *testing.T) { runLockouts(t, &lockouts{}) }, ""},
	"swap always":        {func(t *testing.T) { runLockouts(t, &lockouts{always: true}) }, "40_concurrent_swaps_from_one_version"},
	"version stuck":      {func(t *testing.T) { runLockouts(t, &lockouts{stuck: true}) }, "one_version_up"},
	"keys folded":        {func(t *testing.T) { runLockouts(t, &lockouts{folded: true}) }, "keys_are_kept_apart"},
	"local zone":         {func(t *testing.T) { runLockouts(t, &lockouts{local: true}) }, "comes_back"},
	"compare, then swap": {func(t *testing.T) { runLockouts(t, &lockouts{loose: true}) }, "none_is_lost"},
	"right bus":          {func(t *testing.T) { runBus(t, faults{}) }, ""},
	"bus drops":          {func(t *testing.T) { runBus(t, faults{drops: true}) }, "reaches_every_subscriber"},
	"bus shares":         {func(t *testing.T) { runBus(t, faults{shares: true}) }, "reaches_every_subscriber"},
	"bus silent":         {func(t *testing.T) { runBus(t, faults{silent: true}) }, "signs_of_life"},
	"bus deaf":           {func(t *testing.T) { runBus(t, faults{deaf: true}) }, "a_subscription_ends"},
	"right clock":        {func(t *testing.T) { RunClock(t, clock{time.UTC}) }, ""},
	"clock elsewhere":    {func(t *testing.T) { RunClock(t, clock{elsewhere}) }, "times_are_UTC"},
	"ids of version 4":   {func(t *testing.T) { RunRandom(t, random{4}, clock{time.UTC}) }, "version_7"},
	"entropy of letters": {func(t *testing.T) { RunRandom(t, random{7}, clock{time.UTC}) }, "every_byte"},
}

func runLockouts(t *testing.T, l *lockouts) {
	l.stored = map[string]user.LockoutSnapshot{}
	lockoutBehaviour(t, l)
	lockoutContention(t, l)
}

func runBus(t *testing.T, with faults) {
	RunSignalBus(t, func(*testing.T) (outbound.SignalBus, outbound.SignalBus) {
		one := &bus{receivers: map[int]func([]token.Signal){}, faults: with}
		return one, one
	})
}

// chosen names the adapter that a child process runs.
const chosen = "KEYSTONE_CONTRACT_ADAPTER"

func TestSuitesFailWrongAdapters(t *testing.T) {
	if name := os.Getenv(chosen); name != "" {
		arrival = time.Second
		wrong[name].run(t)
		return
	}
	for name, adapter := range wrong {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuitesFailWrongAdapters$", "-test.v")
			child.Env = append(os.Environ(), chosen+"="+name)
			out, err := child.CombinedOutput()
			if adapter.fails == "" {
				if err != nil {
					t.Errorf("a right adapter fails: %v\n%s", err, out)
				}
				return
			}
			for line := range strings.Lines(string(out)) {
				if strings.Contains(line, "--- FAIL") && strings.Contains(line, adapter.fails) {
					return
				}
			}
			t.Errorf("no case about %q failed: %v\n%s", adapter.fails, err, out)
		})
	}
}
