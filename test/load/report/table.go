package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table writes the report for a terminal.
func (r *Report) Table(to io.Writer) error {
	if len(r.Rows) > 0 {
		w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, strings.Join(heads, "\t")+"\t")
		for _, row := range r.Rows {
			fmt.Fprintln(w, strings.Join(row.cells(), "\t")+"\t")
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(to)
	}
	for _, f := range r.Facts {
		fmt.Fprintln(to, f)
	}
	for _, row := range r.Rows {
		for _, f := range []Figures{row.Keystone, row.Ceiling} {
			if f.Errors > 0 {
				fmt.Fprintf(to, "\n!!! %s at %d: %d ERRORS, THIS RUN DOES NOT COUNT: %s\n", row.Title, row.Concurrency, f.Errors, f.Error)
			}
		}
	}
	return nil
}

var heads = []string{
	"scenario", "c", "req/s", "p50 ms", "p99 ms", "p99.9 ms", "ceiling req/s", "p99 ms", "ratio", "goal", "", "CPU ratio",
	"CPU ms: server", "Postgres", "Redis", "SQL", "Redis cmds", "peak MiB", "generator",
}

func (r Row) cells() []string {
	k := r.Keystone
	cells := []string{r.Title, fmt.Sprint(r.Concurrency), rate(k.Rate), latency(k.P50), latency(k.P99), latency(k.P999)}
	if r.Against == "" {
		cells = append(cells, "–", "–", "–", "–", "", "–")
	} else {
		cells = append(cells, rate(r.Ceiling.Rate), latency(r.Ceiling.P99), fmt.Sprintf("%.2f", r.Ratio()), goal(r.Goal), r.verdict(), fmt.Sprintf("%.2f", r.CPURatio()))
	}
	return append(cells, fmt.Sprintf("%.3f", k.ServerCPU), fmt.Sprintf("%.3f", k.StoreCPU), fmt.Sprintf("%.3f", k.CacheCPU),
		count(k.SQL), count(k.Commands), fmt.Sprintf("%.0f", k.PeakRSS), fmt.Sprintf("%.0f %%", 100*k.Generator))
}

func (r Row) verdict() string {
	switch {
	case r.Keystone.Errors > 0 || r.Ceiling.Errors > 0:
		return "ERRORS"
	case !r.Met() && !r.Frugal():
		return "missed, and costs more than it may"
	case !r.Met():
		return "missed"
	case !r.Frugal():
		return "costs more than it may"
	case r.Goal == 0:
		return ""
	}
	return "met"
}

// String shows a fact on a line.
func (f Fact) String() string {
	line := fmt.Sprintf("%s: %s", f.Name, f.value())
	if f.HasGoal() {
		line += fmt.Sprintf(" (goal %s: %s)", f.goal(), f.verdict())
	}
	if f.Note != "" {
		line += "; " + f.Note
	}
	return line
}

func (f Fact) value() string { return strings.TrimSpace(figure(f.Value) + " " + f.Unit) }

func (f Fact) goal() string {
	switch {
	case f.Most != 0:
		return "≤ " + figure(f.Most)
	case f.Least != 0:
		return "≥ " + figure(f.Least)
	}
	return "–"
}

func (f Fact) verdict() string {
	switch {
	case !f.HasGoal():
		return ""
	case f.Met():
		return "met"
	}
	return "missed"
}

func figure(v float64) string {
	switch {
	case v >= 100:
		return rate(v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// rate groups thousands with a space.
func rate(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + " " + digits[at:]
	}
	return digits
}

func latency(ms float64) string {
	if ms >= 100 {
		return fmt.Sprintf("%.0f", ms)
	}
	return fmt.Sprintf("%.2f", ms)
}

func goal(ratio float64) string {
	if ratio == 0 {
		return "–"
	}
	return fmt.Sprintf("≥ %.2f", ratio)
}

func count(n float64) string {
	if n < 0 {
		return "?"
	}
	return fmt.Sprintf("%.3f", n)
}
