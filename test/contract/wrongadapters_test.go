package contract_test

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/test/contract"
)

// adapterSuite is a published suite, an adapter that is right, and the ones that
// the suite has to fail.
type adapterSuite struct {
	right    func(*testing.T)
	wrong    []wrongAdapter
	variants []string          // first parts of names that clauses are run under, each the same
	only     string            // a pattern of the first parts to run; empty: all
	spared   map[string]string // clauses that no adapter here is wrong about, and why
}

// wrongAdapter is wrong in one way.
type wrongAdapter struct {
	what  string
	run   func(*testing.T)
	fails string // a part of the name of the clause that has to fail
}

var wrongAdapters = withStores(map[string]adapterSuite{
	"TokenCodec":     wrongTokenCodecs,
	"Assertions":     wrongAssertions,
	"RateLimiter":    wrongRateLimiters,
	"MasterKey":      wrongMasterKeys,
	"PasswordHasher": wrongHashers,
	"Grant":          wrongGrants,
	"Mailer":         wrongMailers,
	"Texter":         wrongTexters,
	"Probe":          wrongProbes,
	"Cache":          wrongCaches,
	"PasswordJudge":  wrongJudges,
	"Schema":         wrongSchemas,
	"HashFormats":    wrongFormats,
	"SignalBus":      wrongBuses,
	"Clock":          wrongClocks,
	"Random":         wrongRandoms,
})

func withStores(all map[string]adapterSuite) map[string]adapterSuite {
	for _, stores := range []map[string]suite{wrongPeople, wrongTokens, wrongKept, {"SessionOpener": wrongOpeners}} {
		for name, s := range stores {
			all[name] = s.adapters()
		}
	}
	return all
}

const right = "right"

// chosenPort names the suite whose adapters a child process runs.
const chosenPort = "KEYSTONE_CONTRACT_PORT"

// TestSuitesCatchEveryWrongAdapter runs each suite on a right adapter and on the
// wrong ones, in a process apart: every adapter fails where it is wrong, and every
// clause is failed by one of them at least.
func TestSuitesCatchEveryWrongAdapter(t *testing.T) {
	if name := os.Getenv(chosenPort); name != "" {
		contract.Hurry()
		s := wrongAdapters[name]
		t.Run(right, s.right)
		for _, w := range s.wrong {
			t.Run(w.what, w.run)
		}
		return
	}
	for name, s := range wrongAdapters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuitesCatchEveryWrongAdapter$/./"+s.only, "-test.v", "-test.timeout=5m")
			child.Env = append(os.Environ(), chosenPort+"="+name)
			out, err := child.CombinedOutput()
			passed, failed := outcomes(string(out), "PASS")[right], outcomes(string(out), "FAIL")
			if len(passed) < 2 || len(failed[right]) > 0 {
				t.Fatalf("a right adapter fails in %q: %v\n%s", failed[right], err, out)
			}
			s.judge(t, leaves(passed), failed)
		})
	}
}

func (s adapterSuite) judge(t *testing.T, clauses []string, failed map[string][]string) {
	t.Helper()
	caught := map[string]bool{}
	for _, w := range s.wrong {
		mine := failed[inName(w.what)]
		for _, clause := range mine {
			caught[s.clause(clause)] = true
		}
		if w.fails == "" || !slices.ContainsFunc(mine, func(c string) bool { return strings.Contains(c, inName(w.fails)) }) {
			t.Errorf("%s: no clause about %q failed, but %q", w.what, w.fails, mine)
		}
	}
	for _, clause := range clauses {
		if clause = s.clause(clause); !caught[clause] && !s.isSpared(clause) {
			t.Errorf("no wrong adapter fails %s", clause)
		}
	}
	for name, why := range s.spared {
		if is := func(c string) bool { return s.clause(c) == inName(name) }; why == "" || !slices.ContainsFunc(clauses, is) || caught[inName(name)] {
			t.Errorf("%s is spared for nothing", name)
		}
	}
}

func (s adapterSuite) clause(name string) string {
	if first, rest, more := strings.Cut(name, "/"); more && slices.Contains(s.variants, first) {
		return rest
	}
	return name
}

func (s adapterSuite) isSpared(clause string) bool {
	for name := range s.spared {
		if inName(name) == clause {
			return true
		}
	}
	return false
}

// inName is how a test's name has it.
func inName(words string) string { return strings.ReplaceAll(words, " ", "_") }

// leaves gives the clauses that hold no others.
func leaves(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name == "" || slices.ContainsFunc(names, func(other string) bool { return strings.HasPrefix(other, name+"/") })
	})
}

// outcomes gives the clauses with that outcome, by adapter.
func outcomes(out, outcome string) map[string][]string {
	found := map[string][]string{}
	for line := range strings.Lines(out) {
		_, name, is := strings.Cut(line, "--- "+outcome+": TestSuitesCatchEveryWrongAdapter/")
		if !is {
			continue
		}
		if end := strings.LastIndex(name, " ("); end >= 0 {
			name = name[:end]
		}
		what, clause, _ := strings.Cut(name, "/")
		found[what] = append(found[what], clause)
	}
	return found
}

// alone serves one caller at a time and fails those who come meanwhile.
type alone struct{ busy atomic.Bool }

var errNotAlone = errors.New("one at a time")

func (a *alone) enter() error {
	if !a.busy.CompareAndSwap(false, true) {
		return domain.Internal(errNotAlone)
	}
	time.Sleep(5 * time.Millisecond)
	a.busy.Store(false)
	return nil
}
