package tokens

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// directory is a KeyDirectory that sees the context of each reading.
type directory struct {
	outbound.KeyDirectory
	watch func(ctx context.Context)
}

func (d directory) Keys(ctx context.Context) ([]*token.SigningKey, error) {
	d.watch(ctx)
	return d.KeyDirectory.Keys(ctx)
}

// A connection that died without a word must not stop a feed: whatever it asks
// of the store has an end, the calls of a reaction included.
func TestFeedWaitsForNothingForEver(t *testing.T) {
	l := newLine(t)
	var calls atomic.Int64
	watch := func(what string) func(context.Context) {
		return func(ctx context.Context) {
			calls.Add(1)
			if _, bounded := ctx.Deadline(); !bounded {
				t.Errorf("%s has no end", what)
			}
		}
	}
	l.log.(*log).watch = watch("a call to the log")
	l.ring.directory = directory{l.ring.directory, watch("a reload of the keys")}
	l.On(token.SignalSettingsChanged, watch("a reaction"))
	push := l.start(t, answer{})
	push([]token.Signal{{Kind: token.SignalKeysChanged}, {Kind: token.SignalSettingsChanged}})
	if got := calls.Load(); got != 3 { // the first poll, and what the push led to
		t.Errorf("%d calls, want 3", got)
	}
	for range int(pruneEvery / tailEvery) {
		l.tick(answer{})
	}
	<-l.pruned
}

// An answer tells of the time before it was asked for: what was stored since
// may not be in it.
func TestFeedSlowPollIsNoSignOfLife(t *testing.T) {
	l := newLine(t)
	push := l.start(t, answer{})
	since := l.log.(*log).since
	l.log.(*log).since = func(mark time.Time) ([]token.Signal, time.Time, error) {
		l.clock.advance(silence)
		return since(mark)
	}
	l.tick(answer{})
	push(nil)
	if l.Known() {
		t.Error("known by an answer that took a second, behind a bus that lives")
	}
}

// Whether the store refuses or leaves the tail waiting, a second without an
// answer ends what is known.
func TestFeedStarvedTail(t *testing.T) {
	gaveUp, giveUp := contextOf(t)
	giveUp()
	for name, ctx := range map[string]context.Context{"left waiting": gaveUp, "refused": t.Context()} {
		w := newWorld(t)
		w.log.since = func(time.Time) ([]token.Signal, time.Time, error) { return nil, time.Time{}, unavailable() }
		w.clock.advance(silence - time.Microsecond)
		wantCode(t, w.feed.poll(ctx), unavailableCode)
		if !w.feed.Known() {
			t.Errorf("%s: unknown within the second", name)
		}
		w.clock.advance(time.Microsecond)
		if w.feed.Known() {
			t.Errorf("%s: known after a second without an answer", name)
		}
	}
}
