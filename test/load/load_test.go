package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/keystone-auth/keystone/test/load/ceiling"
	"github.com/keystone-auth/keystone/test/load/report"
	"github.com/keystone-auth/keystone/test/services"
)

// TestMain also plays the ceilings, which the harness starts from its own program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ceiling.Role {
		main()
		os.Exit(0)
	}
	services.Main(m)
}

// alone is for the tests that load the machine.
var alone = sync.OnceValue(services.Alone)

// heavy skips or keeps out of the way of others.
func heavy(t *testing.T) {
	t.Helper()
	services.Long(t)
	if err := alone(); err != nil {
		t.Fatal(err)
	}
}

// TestQuick runs every scenario for a moment: no answer may be wrong, and every
// scenario must report. How fast it is depends on what else the machine does.
func TestQuick(t *testing.T) {
	heavy(t)
	file := filepath.Join(t.TempDir(), "report.json")
	err := run(t.Context(), []string{"-quick", "-json", file})
	if errors.Is(err, services.ErrAbsent) {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("NO SERVERS, SO THIS IS NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.ReadJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		i := slices.IndexFunc(r.Rows, func(row report.Row) bool { return row.Scenario == s.name })
		if i < 0 {
			t.Errorf("%s did not report", s.name)
			continue
		}
		if row := r.Rows[i]; row.Keystone.Rate <= 0 || row.Keystone.P50 <= 0 || row.Keystone.ServerCPU < 0 || s.against != "" && row.Ceiling.Rate <= 0 {
			t.Errorf("%s reports nothing of use: %+v", s.name, row)
		}
	}
}

// TestGrowthQuick does the same for the comparison of a small store and a grown one.
func TestGrowthQuick(t *testing.T) {
	heavy(t)
	file := filepath.Join(t.TempDir(), "report.json")
	err := run(t.Context(), []string{"-growth", "-quick", "-json", file})
	if errors.Is(err, services.ErrAbsent) && os.Getenv("CI") == "" {
		t.Skipf("NO SERVERS, SO THIS IS NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.ReadJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(grows) + 2; len(r.Facts) != want {
		t.Errorf("%d figures, want %d: %v", len(r.Facts), want, r.Facts)
	}
	var swept, were int
	for _, f := range r.Facts {
		if f.Name == "rows swept while others refresh" {
			_, err = fmt.Sscanf(f.Note, "%d of %d", &swept, &were)
		}
	}
	if err != nil || swept == 0 || swept != were {
		t.Errorf("%d rows of %d were swept: %v, %v", swept, were, err, r.Facts)
	}
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-only", "refresh,login", "-c", "1,2,3"})
	if err != nil || !slices.Equal(o.only, []string{"refresh", "login"}) || !slices.Equal(o.concurrency, []int{1, 2, 3}) {
		t.Errorf("got %+v, %v", o, err)
	}
	if o.wants("jwks") || !o.wants("login") {
		t.Error("the wrong scenarios are wanted")
	}
	for _, wrong := range [][]string{{"-only", "nothing"}, {"-c", "0"}, {"-c", "a"}, {"-rounds", "0"}, {"-seconds", "0"}, {"-users", "8"}} {
		if _, err := parse(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func TestARequest(t *testing.T) {
	for _, c := range []struct {
		before, after int64
		background    float64
		want          float64
	}{{10, 110, 0, 10}, {10, 110, 50, 5}, {10, 12, 50, 0}, {-1, 12, 0, -1}, {3, -1, 0, -1}} {
		if got := aRequest(c.before, c.after, c.background, 10); got != c.want {
			t.Errorf("from %d to %d, background %v: %v, want %v", c.before, c.after, c.background, got, c.want)
		}
	}
}
