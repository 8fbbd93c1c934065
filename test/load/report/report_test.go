package report

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample() *Report {
	return &Report{
		At: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Commit: "abc1234", Rounds: 3, Seconds: 5, Machine: Machine{CPU: "a CPU", Cores: 2},
		Rows: []Row{
			{Scenario: "me", Title: "GET /users/me", Concurrency: 64, Against: "bare Echo", Goal: 0.5, WantCommands: 0.02,
				Keystone: Figures{Rate: 30000, P50: 1, P99: 5, ServerCPU: 0.04}, Ceiling: Figures{Rate: 50000, P99: 4, ServerCPU: 0.02}},
			{Scenario: "refresh", Title: "refresh rotation", Concurrency: 64, Against: "one statement", Goal: 0.6, WantSQL: 1, WantCommands: -1,
				Keystone: Figures{Rate: 1000, P50: 60, P99: 120, SQL: 3}, Ceiling: Figures{Rate: 5000}},
			{Scenario: "mixed", Title: "mixed load", Concurrency: 16, WantSQL: -1, WantCommands: -1, Keystone: Figures{Rate: 12, SQL: -1, Commands: -1}},
		},
		Facts: []Fact{{Name: "binary", Value: 40, Unit: "MB", Most: 38}, {Name: "cold start", Value: 30, Unit: "ms", Most: 35, Note: "on SQLite"}},
	}
}

func TestRatiosAndGoals(t *testing.T) {
	r := sample()
	me, refresh, mixed := r.Rows[0], r.Rows[1], r.Rows[2]
	if me.Ratio() != 0.6 || me.CPURatio() != 0.5 || !me.Met() || !me.Frugal() {
		t.Errorf("me: %v %v %v %v", me.Ratio(), me.CPURatio(), me.Met(), me.Frugal())
	}
	if refresh.Ratio() != 0.2 || refresh.Met() || refresh.Frugal() {
		t.Errorf("refresh: %v %v %v", refresh.Ratio(), refresh.Met(), refresh.Frugal())
	}
	if mixed.Ratio() != 0 || !mixed.Met() || !mixed.Frugal() {
		t.Errorf("mixed: %v %v %v", mixed.Ratio(), mixed.Met(), mixed.Frugal())
	}
	if r.Facts[0].Met() || !r.Facts[1].Met() || !(Fact{Value: 3, Least: 2}).Met() || (Fact{Value: 1, Least: 2}).Met() || (Fact{}).HasGoal() {
		t.Error("facts are judged wrongly")
	}
}

func TestMedian(t *testing.T) {
	rounds := []Figures{{Rate: 3, P50: 9, Errors: 1, Error: "first"}, {Rate: 1, P50: 7}, {Rate: 2, P50: 8, Errors: 2, Error: "second"}}
	if diff := cmp.Diff(Figures{Rate: 2, P50: 8, Errors: 3, Error: "first"}, Median(rounds)); diff != "" {
		t.Error(diff)
	}
	if got := Median(rounds[:2]).Rate; got != 2 {
		t.Errorf("of two: %v, want the mean", got)
	}
	if got := Median(nil); got != (Figures{}) {
		t.Errorf("of none: %+v", got)
	}
}

func TestErrorsVoidARun(t *testing.T) {
	r := sample()
	if !r.Valid() {
		t.Error("a run without errors is void")
	}
	r.Rows[1].Ceiling.Errors, r.Rows[1].Ceiling.Error = 4, "status 500"
	var b strings.Builder
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	if r.Valid() || !strings.Contains(b.String(), "refresh rotation at 64: 4 ERRORS, THIS RUN DOES NOT COUNT: status 500") {
		t.Errorf("errors are not shown:\n%s", &b)
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	if err := sample().Table(&b); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"30 000", "0.60", "≥ 0.50", "met", "missed, and costs more than it may", "binary: 40.0 MB (goal ≤ 38.0: missed)", "cold start: 30.0 ms (goal ≤ 35.0: met); on SQLite"} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("without %q:\n%s", part, &b)
		}
	}
}

func TestJSONComesBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	if err := sample().WriteJSON(file); err != nil {
		t.Fatal(err)
	}
	got, err := ReadJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Error(diff)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567"} {
		if got := rate(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
