package contract

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/given"
)

// lookBack is how far before its mark a reader looks again (SignalLog.Since).
const lookBack = 5 * time.Second

// RunSignals holds an implementation to outbound.Signals and outbound.SignalLog.
func RunSignals(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	t.Run("behaviour", func(t *testing.T) { signalsBehaviour(t, s) })
	t.Run("atomicity", func(t *testing.T) { signalsAtomicity(t, s) })
	t.Run("contention", func(t *testing.T) { signalsContention(t, s) })
}

// signal gives a signal of its own that lives an hour.
func signal() token.Signal {
	return token.Signal{Kind: token.SignalTokenRevoked, ID: given.Name("jti"), ExpiresAt: now().Add(time.Hour)}
}

func (s Store) signalled(t testing.TB, signals ...token.Signal) {
	t.Helper()
	s.must(t, func(ctx context.Context, r outbound.Repositories) error { return r.Signals.Append(ctx, signals...) })
}

func (s Store) since(t testing.TB, mark time.Time) ([]token.Signal, time.Time) {
	t.Helper()
	signals, next, err := s.Signals.Since(within(t), mark)
	ok(t, err)
	return signals, next
}

func has(signals []token.Signal, one token.Signal) bool {
	return slices.ContainsFunc(signals, func(s token.Signal) bool { return s.ID == one.ID })
}

func signalsBehaviour(t *testing.T, s Store) {
	t.Run("a signal comes back as it was", func(t *testing.T) {
		full := signal()
		full.Kind, full.Before = token.SignalUserRevoked, given.Now
		wantFull(t, full)
		bare := signal()
		s.signalled(t, full, bare)
		found, _ := s.since(t, time.Time{})
		for _, want := range []token.Signal{full, bare} {
			i := slices.IndexFunc(found, func(s token.Signal) bool { return s.ID == want.ID })
			if i < 0 {
				t.Fatalf("%s is missing", want.ID)
			}
			same(t, "signal", found[i], want)
		}
	})
	t.Run("every kind is kept", func(t *testing.T) {
		for _, kind := range []token.SignalKind{token.SignalTokenRevoked, token.SignalSessionEnded, token.SignalUserRevoked,
			token.SignalClientRevoked, token.SignalPrincipalChanged, token.SignalRolesChanged, token.SignalKeysChanged} {
			one := signal()
			one.Kind = kind
			s.signalled(t, one)
			found, _ := s.since(t, time.Time{})
			if !slices.ContainsFunc(found, func(s token.Signal) bool { return s.ID == one.ID && s.Kind == kind }) {
				t.Errorf("%s is missing", kind)
			}
		}
	})
	t.Run("the same signal may be stored again", func(t *testing.T) {
		one := signal()
		s.signalled(t, one)
		s.signalled(t, one)
		found, _ := s.since(t, time.Time{})
		if !has(found, one) {
			t.Error("it is missing")
		}
	})
	t.Run("none is no signal", func(t *testing.T) { s.signalled(t) })
	t.Run("signals come oldest first", func(t *testing.T) {
		var want, got []string
		for range 5 {
			one := signal()
			s.signalled(t, one)
			want = append(want, one.ID)
		}
		found, _ := s.since(t, time.Time{})
		for _, one := range found {
			if slices.Contains(want, one.ID) {
				got = append(got, one.ID)
			}
		}
		same(t, "order", got, want)
	})
	t.Run("an expired signal is left out", func(t *testing.T) {
		old, fresh := signal(), signal()
		old.ExpiresAt = now().Add(-time.Minute)
		_, mark := s.since(t, time.Time{})
		s.signalled(t, old, fresh)
		for _, mark := range []time.Time{{}, mark} {
			found, _ := s.since(t, mark)
			if has(found, old) || !has(found, fresh) {
				t.Errorf("expired: %t, fresh: %t", has(found, old), has(found, fresh))
			}
		}
	})
	t.Run("the mark moves on and looks back", func(t *testing.T) {
		start := time.Now()
		_, first := s.since(t, time.Time{})
		one := signal()
		s.signalled(t, one)
		found, second := s.since(t, first)
		if !has(found, one) {
			t.Error("a signal stored after the mark is missing")
		}
		found, third := s.since(t, second)
		if elapsed := time.Since(start); elapsed < lookBack && !has(found, one) {
			t.Error("a signal stored within the look-back is missing")
		}
		if first.IsZero() || second.Before(first) || third.Before(second) {
			t.Errorf("marks %v, %v, %v do not move on", first, second, third)
		}
	})
	t.Run("a mark ahead of all gives none", func(t *testing.T) {
		s.signalled(t, signal())
		found, _ := s.since(t, now().Add(time.Hour))
		if len(found) != 0 {
			t.Errorf("%d signals from before the mark", len(found))
		}
	})
	t.Run("pruning deletes what has expired, so many at a time", func(t *testing.T) {
		prune := func(limit int) int {
			n, err := s.Signals.Prune(within(t), now(), limit)
			ok(t, err)
			return n
		}
		for prune(100) > 0 {
		}
		fresh := signal()
		s.signalled(t, fresh)
		for range 5 {
			old := signal()
			old.ExpiresAt = now().Add(-time.Minute)
			s.signalled(t, old)
		}
		same(t, "pruned", []int{prune(3), prune(3), prune(3)}, []int{3, 2, 0})
		found, _ := s.since(t, time.Time{})
		if !has(found, fresh) {
			t.Error("an unexpired signal was pruned")
		}
	})
	t.Run("an ended context is an error", func(t *testing.T) {
		_, _, err := s.Signals.Since(ended(t), time.Time{})
		wantStopped(t, "Since", err)
		_, err = s.Signals.Prune(ended(t), now(), 1)
		wantStopped(t, "Prune", err)
	})
}

func signalsAtomicity(t *testing.T, s Store) {
	t.Run("a signal shows when its unit of work commits, to a mark taken before", func(t *testing.T) {
		one := signal()
		var mark time.Time
		s.must(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := r.Signals.Append(ctx, one); err != nil {
				return err
			}
			found, next, err := s.Signals.Since(ctx, time.Time{})
			mark = next
			if has(found, one) {
				t.Error("it shows before the commit")
			}
			return err
		})
		found, _ := s.since(t, mark)
		if !has(found, one) {
			t.Error("a late commit was lost")
		}
	})
	t.Run("an undone unit of work signals nothing", func(t *testing.T) {
		one := signal()
		err := s.do(t, func(ctx context.Context, r outbound.Repositories) error {
			if err := r.Signals.Append(ctx, one); err != nil {
				return err
			}
			return domain.Invalid(domain.CodeInvalidGrant, "no")
		})
		wantCode(t, err, domain.CodeInvalidGrant)
		if found, _ := s.since(t, time.Time{}); has(found, one) {
			t.Error("it shows")
		}
	})
}

func signalsContention(t *testing.T, s Store) {
	t.Run("200 signals of 10 writers beside a reader: none is lost", func(t *testing.T) {
		seen := map[string]bool{}
		_, mark := s.since(t, time.Time{})
		follow := func() error {
			signals, next, err := s.Signals.Since(within(t), mark)
			for _, one := range signals {
				seen[one.ID] = true
			}
			if err == nil {
				mark = next
			}
			return err
		}
		done, finished := make(chan struct{}), make(chan error)
		go func() {
			for {
				err := follow()
				select {
				case <-done:
					finished <- err
					return
				default:
					if err != nil {
						finished <- err
						return
					}
				}
			}
		}()
		var mutex sync.Mutex
		var written []string
		results := race(10, func(int) error {
			for range 20 {
				one := signal()
				if err := s.do(t, func(ctx context.Context, r outbound.Repositories) error { return r.Signals.Append(ctx, one) }); err != nil {
					return err
				}
				mutex.Lock()
				written = append(written, one.ID)
				mutex.Unlock()
			}
			return nil
		})
		close(done)
		ok(t, <-finished)
		wantAll(t, results)
		ok(t, follow()) // the last that were committed
		for _, id := range written {
			if !seen[id] {
				t.Errorf("%s was lost", id)
			}
		}
	})
}
