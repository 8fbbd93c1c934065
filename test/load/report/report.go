package report

import (
	"encoding/json"
	"os"
	"slices"
	"time"
)

// Report is one run of the harness.
type Report struct {
	At      time.Time `json:"at"`
	Commit  string    `json:"commit"`
	Machine Machine   `json:"machine"`
	Rounds  int       `json:"rounds"`
	Seconds float64   `json:"seconds"` // of each round
	Rows    []Row     `json:"rows"`
	Facts   []Fact    `json:"facts"`
}

// Machine is what it ran on.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	Memory   string `json:"memory"`
	System   string `json:"system"`
	Go       string `json:"go"`
	Postgres string `json:"postgres"`
	Redis    string `json:"redis"`
}

// Row is a scenario at one concurrency, beside its ceiling.
type Row struct {
	Scenario    string  `json:"scenario"`
	Title       string  `json:"title"`
	Concurrency int     `json:"concurrency"`
	Keystone    Figures `json:"keystone"`
	Against     string  `json:"against"` // what the ceiling is; empty: none
	Ceiling     Figures `json:"ceiling"`
	// Goal is the least ratio that is wanted; zero: none was set.
	Goal float64 `json:"goal,omitempty"`
	// WantSQL and WantCommands are the most a request may cost; negative: no limit was set.
	WantSQL      float64 `json:"want_sql"`
	WantCommands float64 `json:"want_commands"`
}

// Figures are medians over the rounds.
type Figures struct {
	Rate      float64 `json:"rate"`          // requests/s
	P50       float64 `json:"p50_ms"`        // latencies
	P99       float64 `json:"p99_ms"`        //
	P999      float64 `json:"p999_ms"`       //
	ServerCPU float64 `json:"server_cpu_ms"` // a request
	StoreCPU  float64 `json:"postgres_cpu_ms"`
	CacheCPU  float64 `json:"redis_cpu_ms"`
	SQL       float64 `json:"sql"`       // statements a request; negative: not counted
	Commands  float64 `json:"commands"`  // of Redis, a request; negative: not counted
	Generator float64 `json:"generator"` // share of the machine's CPU time
	PeakRSS   float64 `json:"peak_rss_mib"`
	Beside    float64 `json:"beside,omitempty"` // requests/s of others at the same time
	Errors    int64   `json:"errors"`           // the sum of all rounds
	Error     string  `json:"error,omitempty"`
}

// Ratio is the rate as a share of the ceiling's; zero where there is none.
func (r Row) Ratio() float64 { return share(r.Keystone.Rate, r.Ceiling.Rate) }

// CPURatio is the ceiling's server CPU time a request as a share of Keystone's,
// which the load generator has no part in.
func (r Row) CPURatio() float64 { return share(r.Ceiling.ServerCPU, r.Keystone.ServerCPU) }

// Met tells whether the ratio reaches the goal.
func (r Row) Met() bool { return r.Goal == 0 || r.Ratio() >= r.Goal }

// Frugal tells whether a request costs no more statements and commands than it may.
func (r Row) Frugal() bool {
	return r.within(r.Keystone.SQL, r.WantSQL) && r.within(r.Keystone.Commands, r.WantCommands)
}

// batched is how many statements or commands a second the background may send
// under load beyond what it sends when idle: it writes for many requests at once,
// so that few requests a second each seem to cost more.
const batched = 10

func (r Row) within(got, most float64) bool {
	return most < 0 || (got-most)*r.Keystone.Rate <= batched
}

func share(of, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return of / whole
}

// Fact is a figure of its own.
type Fact struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Most or Least is the goal; zero: none was set.
	Most  float64 `json:"most,omitempty"`
	Least float64 `json:"least,omitempty"`
	Note  string  `json:"note,omitempty"`
}

// Met tells whether the goal is reached.
func (f Fact) Met() bool {
	return (f.Most == 0 || f.Value <= f.Most) && (f.Least == 0 || f.Value >= f.Least)
}

// HasGoal tells whether one was set.
func (f Fact) HasGoal() bool { return f.Most != 0 || f.Least != 0 }

// Valid tells whether the run counts: no answer was other than expected.
func (r *Report) Valid() bool {
	return !slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Keystone.Errors > 0 || row.Ceiling.Errors > 0 })
}

// Median gives the median of each figure; errors add up.
func Median(rounds []Figures) Figures {
	if len(rounds) == 0 {
		return Figures{}
	}
	of := func(pick func(Figures) float64) float64 { return median(rounds, pick) }
	m := Figures{
		Rate: of(func(f Figures) float64 { return f.Rate }),
		P50:  of(func(f Figures) float64 { return f.P50 }), P99: of(func(f Figures) float64 { return f.P99 }), P999: of(func(f Figures) float64 { return f.P999 }),
		ServerCPU: of(func(f Figures) float64 { return f.ServerCPU }), StoreCPU: of(func(f Figures) float64 { return f.StoreCPU }),
		CacheCPU: of(func(f Figures) float64 { return f.CacheCPU }), SQL: of(func(f Figures) float64 { return f.SQL }),
		Commands: of(func(f Figures) float64 { return f.Commands }), Generator: of(func(f Figures) float64 { return f.Generator }),
		PeakRSS: of(func(f Figures) float64 { return f.PeakRSS }), Beside: of(func(f Figures) float64 { return f.Beside }),
	}
	for _, f := range rounds {
		m.Errors += f.Errors
		if m.Error == "" {
			m.Error = f.Error
		}
	}
	return m
}

func median(rounds []Figures, pick func(Figures) float64) float64 {
	values := make([]float64, len(rounds))
	for i, f := range rounds {
		values[i] = pick(f)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// WriteJSON writes the report to a file.
func (r *Report) WriteJSON(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// ReadJSON reads what WriteJSON wrote.
func ReadJSON(path string) (*Report, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	return r, json.Unmarshal(raw, r)
}
