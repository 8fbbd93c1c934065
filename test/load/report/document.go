package report

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// The parts of a document that are written by this program, between
// <!-- NAME --> and <!-- /NAME -->.
const (
	ratiosPart   = "ratios"
	costsPart    = "costs"
	factsPart    = "facts"
	machinePart  = "machine"
	progressPart = "progress"
	growthPart   = "growth"
)

// WriteDocument rewrites the parts of a document that this run has figures for,
// and adds it to the document's table of runs.
func (r *Report) WriteDocument(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(raw)
	if len(r.Rows) == 0 { // a run about growth, or about single figures
		if text, err = replaced(text, growthPart, r.machine()+"\n"+r.facts()); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(text), 0o644)
	}
	for _, part := range []struct {
		name string
		text string
	}{{machinePart, r.machine()}, {ratiosPart, r.ratios()}, {costsPart, r.costs()}, {factsPart, r.facts()}} {
		if text, err = replaced(text, part.name, part.text); err != nil {
			return err
		}
	}
	history, err := between(text, progressPart)
	if err != nil {
		return err
	}
	if text, err = replaced(text, progressPart, r.appended(history)); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func bounds(text, name string) (from, to int, err error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	from = strings.Index(text, begin)
	to = strings.Index(text, end)
	if from < 0 || to < from+len(begin) {
		return 0, 0, errors.New("the document has no part " + name)
	}
	return from + len(begin), to, nil
}

func between(text, name string) (string, error) {
	from, to, err := bounds(text, name)
	if err != nil {
		return "", err
	}
	return text[from:to], nil
}

func replaced(text, name, by string) (string, error) {
	from, to, err := bounds(text, name)
	if err != nil {
		return "", err
	}
	return text[:from] + "\n" + by + "\n" + text[to:], nil
}

func (r *Report) machine() string {
	m := r.Machine
	return fmt.Sprintf("Commit %s, %s: %s, %d cores, %s; %s; Go %s, PostgreSQL %s, Redis %s. Medians of %d rounds of %g s each, on both sides in turn.\n",
		r.Commit, r.At.Format("2006-01-02 15:04 MST"), m.CPU, m.Cores, m.Memory, m.System, m.Go, m.Postgres, m.Redis, r.Rounds, r.Seconds)
}

func table(heads ...string) *strings.Builder {
	b := &strings.Builder{}
	line(b, heads...)
	rule := make([]string, len(heads))
	for i := range rule {
		if rule[i] = "--:"; i == 0 {
			rule[i] = "---"
		}
	}
	line(b, rule...)
	return b
}

func line(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (r *Report) ratios() string {
	const picture = "![Rates as shares of their ceilings](performance.svg)\n\n" // drawn by the same run
	b := table("scenario", "clients", "req/s", "p50 ms", "p99 ms", "p99.9 ms", "ceiling", "req/s", "p99 ms", "ratio", "goal", "", "CPU ratio")
	for _, row := range r.Rows {
		k := row.Keystone
		line(b, row.Title, fmt.Sprint(row.Concurrency), rate(k.Rate), latency(k.P50), latency(k.P99), latency(k.P999),
			row.Against, rate(row.Ceiling.Rate), latency(row.Ceiling.P99), fmt.Sprintf("**%.2f**", row.Ratio()), goal(row.Goal), row.verdict(), fmt.Sprintf("%.2f", row.CPURatio()))
	}
	return picture + b.String()
}

func (r *Report) costs() string {
	b := table("scenario", "clients", "CPU ms: server", "ceiling's", "PostgreSQL", "for the ceiling", "Redis", "SQL", "may be", "Redis commands", "may be", "peak MiB", "generator's share of the CPU")
	for _, row := range r.Rows {
		k := row.Keystone
		line(b, row.Title, fmt.Sprint(row.Concurrency), fmt.Sprintf("%.3f", k.ServerCPU), fmt.Sprintf("%.3f", row.Ceiling.ServerCPU), fmt.Sprintf("%.3f", k.StoreCPU), fmt.Sprintf("%.3f", row.Ceiling.StoreCPU),
			fmt.Sprintf("%.3f", k.CacheCPU), count(k.SQL), may(row.WantSQL), count(k.Commands), may(row.WantCommands), fmt.Sprintf("%.0f", k.PeakRSS), fmt.Sprintf("%.0f %%", 100*k.Generator))
	}
	return b.String()
}

func may(most float64) string {
	if most < 0 {
		return "–"
	}
	return fmt.Sprintf("%g", most)
}

func (r *Report) facts() string {
	b := table("figure", "value", "goal", "")
	for _, f := range r.Facts {
		name := f.Name
		if f.Note != "" {
			name += " (" + f.Note + ")"
		}
		line(b, name, f.value(), f.goal(), f.verdict())
	}
	return b.String()
}

// milestones are the scenarios whose ratios are kept for each commit.
var milestones = []string{
	"discovery", "jwks", "me", "introspect", "introspect-many", "check", "client-credentials", "client-credentials-rs256", "refresh", "login", "storm",
}

// appended adds a line for this run to the table of runs; of two of one commit
// the later one stays.
func (r *Report) appended(history string) string {
	b := table(append([]string{"commit", "when"}, milestones...)...)
	for each := range strings.Lines(history) {
		if strings.HasPrefix(each, "| ") && !strings.HasPrefix(each, "| commit ") && !strings.HasPrefix(each, "| ---") && !strings.HasPrefix(each, "| "+r.Commit+" ") {
			b.WriteString(each)
		}
	}
	cells := []string{r.Commit, r.At.Format("2006-01-02 15:04")}
	for _, name := range milestones {
		cell := "–"
		for _, row := range r.Rows { // of several concurrencies the highest, which comes last
			if row.Scenario == name {
				cell = fmt.Sprintf("%.2f", row.Ratio())
			}
		}
		cells = append(cells, cell)
	}
	line(b, cells...)
	return b.String()
}
