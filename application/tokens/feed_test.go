package tokens

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// countingCache counts what is dropped: each principal signal that was applied.
type countingCache struct {
	outbound.Cache[string, token.Principal]
	drops atomic.Int64
}

func (c *countingCache) Drop(id string) { c.drops.Add(1); c.Cache.Drop(id) }

// line is a feed under test: answers feeds the log, one per poll.
type line struct {
	*Feed
	clock   *clock
	bus     *bus
	reg     *Registry
	cache   *countingCache
	answers chan answer
	marks   chan time.Time
	pruned  chan time.Time
}

type answer struct {
	signals []token.Signal
	next    time.Time
	err     error
}

func newLine(t *testing.T) *line {
	t.Helper()
	w := newWorld(t)
	l := &line{clock: w.clock, bus: newBus(), reg: NewRegistry(), cache: &countingCache{Cache: newCache[string, token.Principal]()},
		answers: make(chan answer, 100), marks: make(chan time.Time, 1000), pruned: make(chan time.Time, 10)}
	journal := &log{
		since: func(mark time.Time) ([]token.Signal, time.Time, error) {
			a := answer{next: mark}
			select {
			case a = <-l.answers:
			default:
			}
			l.marks <- mark
			return a.signals, a.next, a.err
		},
		prune: func(now time.Time, limit int) (int, error) {
			if limit != pruneBatch {
				t.Errorf("pruned %d at once", limit)
			}
			l.pruned <- now
			return 0, unavailable() // tried again in a minute
		},
	}
	l.Feed = NewFeed(l.clock, journal, l.bus, l.reg, NewPrincipals(nil, nil, l.cache, w.princ.clientMap), w.ring)
	return l
}

// start starts the feed and gives the receiver that the bus calls.
func (l *line) start(t *testing.T, first answer) func([]token.Signal) {
	t.Helper()
	l.answers <- first
	must(t, l.Start(t.Context()))
	t.Cleanup(l.Stop)
	<-l.marks
	<-l.clock.slept
	return <-l.bus.subscribed
}

// tick lets the tail poll once with the given answer.
func (l *line) tick(a answer) (mark time.Time) {
	l.answers <- a
	l.clock.advance(tailEvery)
	mark = <-l.marks
	<-l.clock.slept // it is done with the answer
	return mark
}

func revocation(c token.AccessClaims) token.Signal {
	return token.Signal{Kind: token.SignalTokenRevoked, ID: c.ID, ExpiresAt: given.Now.Add(time.Hour)}
}

func TestFeedStartsWithWhatIsKnown(t *testing.T) {
	c := claimsAt(given.Now)
	l := newLine(t)
	if l.Known() {
		t.Error("known before anything was read")
	}
	l.start(t, answer{signals: []token.Signal{revocation(c)}})
	if !l.reg.Ended(c) || !l.Known() {
		t.Error("started without the revocations of the store")
	}
}

func TestFeedDoesNotStartBlind(t *testing.T) {
	l := newLine(t)
	l.answers <- answer{err: unavailable()}
	wantCode(t, l.Start(t.Context()), unavailableCode)
	if l.Known() {
		t.Error("known without having read")
	}
	l.Stop() // of a feed that never ran
	select {
	case <-l.bus.subscribed:
		t.Error("follows the bus although it did not start")
	default:
	}
}

func TestFeedPushIsAppliedAtOnce(t *testing.T) {
	l := newLine(t)
	push := l.start(t, answer{})
	c := claimsAt(given.Now)
	push([]token.Signal{revocation(c), {Kind: token.SignalPrincipalChanged, ID: "user"}})
	if !l.reg.Ended(c) || l.cache.drops.Load() != 1 {
		t.Error("a push was not applied by the time it was taken")
	}
}

func TestFeedFindsLostPushAndAppliesOnce(t *testing.T) {
	l := newLine(t)
	l.start(t, answer{})
	changed := token.Signal{Kind: token.SignalPrincipalChanged, ID: "user", ExpiresAt: given.Now.Add(time.Hour)}
	next := given.Now.Add(time.Second)
	l.tick(answer{signals: []token.Signal{changed}, next: next})
	if l.cache.drops.Load() != 1 {
		t.Fatal("the tail did not apply what the push lost")
	}
	for range 10 { // the look-back brings it again for five seconds
		if mark := l.tick(answer{signals: []token.Signal{changed}, next: next}); !mark.Equal(next) {
			t.Fatalf("asked since %s, want %s", mark, next)
		}
	}
	if got := l.cache.drops.Load(); got != 1 {
		t.Errorf("applied %d times", got)
	}
	// Much later the same fact is news again, and nothing is kept of the old.
	for range int(seenFor/tailEvery) + 2 {
		l.tick(answer{next: next})
	}
	l.tick(answer{signals: []token.Signal{changed}, next: next})
	if got := l.cache.drops.Load(); got != 2 {
		t.Errorf("applied %d times, want 2", got)
	}
}

func TestFeedFailedPollKeepsItsPlace(t *testing.T) {
	l := newLine(t)
	mark := given.Now.Add(-time.Minute)
	l.start(t, answer{next: mark})
	if got := l.tick(answer{err: unavailable()}); !got.Equal(mark) {
		t.Errorf("asked since %s, want %s", got, mark)
	}
	if !l.Known() {
		t.Error("half a second of silence is not yet unknown")
	}
	l.tick(answer{err: unavailable()})
	if l.Known() {
		t.Error("known after a second of silence")
	}
	c := claimsAt(given.Now)
	if got := l.tick(answer{signals: []token.Signal{revocation(c)}, next: given.Now}); !got.Equal(mark) {
		t.Errorf("went on since %s, want %s", got, mark)
	}
	if !l.Known() || !l.reg.Ended(c) {
		t.Error("did not catch up")
	}
}

// A store that refuses this instance may be taking revocations from others,
// whose pushes may be lost: a bus that lives proves nothing.
func TestFeedBusIsNoSignOfLife(t *testing.T) {
	l := newLine(t)
	push := l.start(t, answer{})
	c := claimsAt(given.Now)
	for range 4 {
		l.tick(answer{err: unavailable()})
		push([]token.Signal{revocation(c)})
	}
	if !l.reg.Ended(c) {
		t.Error("a push was not applied while the store was away")
	}
	if l.Known() {
		t.Error("known while only the bus lives")
	}
	l.tick(answer{})
	if !l.Known() {
		t.Error("unknown although the store answers again")
	}
}

func TestFeedHousekeeping(t *testing.T) {
	l := newLine(t)
	expired := token.Signal{Kind: token.SignalTokenRevoked, ID: "old", ExpiresAt: given.Now.Add(time.Second)}
	l.start(t, answer{signals: []token.Signal{expired}})
	for range int(pruneEvery / tailEvery) {
		l.tick(answer{})
	}
	if at := <-l.pruned; at.Sub(given.Now) != pruneEvery {
		t.Errorf("pruned after %s", at.Sub(given.Now))
	}
	if l.reg.Size() != 0 {
		t.Error("remembers what has expired")
	}
}

func TestFeedStops(t *testing.T) {
	l := newLine(t)
	l.start(t, answer{})
	l.Stop()
	l.Stop()
	l.clock.advance(time.Hour)
	select {
	case <-l.marks:
		t.Error("polls after Stop")
	case <-l.bus.subscribed:
		t.Error("subscribes after Stop")
	default:
	}
}

// The feed outlives the context that started it: fx ends that one after start.
func TestFeedOutlivesItsStart(t *testing.T) {
	l := newLine(t)
	l.answers <- answer{}
	starting, done := contextOf(t)
	must(t, l.Start(starting))
	t.Cleanup(l.Stop)
	done()
	<-l.marks
	<-l.clock.slept
	l.tick(answer{})
	if !l.Known() {
		t.Error("died with the context of its start")
	}
}

func TestPruningGoesOnWhileThereIsMore(t *testing.T) {
	for name, c := range map[string]struct{ left, rounds int }{
		"nothing": {0, 1}, "less than a batch": {7, 1}, "a batch": {pruneBatch, 2},
		"several": {3*pruneBatch + 1, 4}, "more than a minute's share": {100 * pruneBatch, pruneRounds},
	} {
		rounds := 0
		feed := &Feed{log: &log{prune: func(time.Time, int) (int, error) {
			rounds++
			pruned := min(c.left, pruneBatch)
			c.left -= pruned
			return pruned, nil
		}}}
		feed.prune(t.Context(), given.Now)
		if rounds != c.rounds {
			t.Errorf("%s: %d rounds, want %d", name, rounds, c.rounds)
		}
	}
}
