package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/keystone-auth/keystone/test/load/report"
)

// progress shows how far a run is, on standard error: a bar on a terminal, a
// line for each scenario elsewhere.
type progress struct {
	bar   *progressbar.ProgressBar // nil where nobody watches
	began time.Time
}

func newProgress(steps int) *progress {
	p := &progress{began: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions(steps, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(24),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(true))
	}
	return p
}

// step says what is under way and counts it.
func (p *progress) step(format string, args ...any) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%-48.48s", fmt.Sprintf(format, args...)))
		_ = p.bar.Add(1) // a display that fails is no reason to stop
	}
}

// loading gives who shows how far a store is filled, some times a minute.
func (p *progress) loading() func(done, of int64) {
	var last time.Time
	return func(done, of int64) {
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			p.say("loading: %d %% of %d rows", 100*done/of, of)
		}
	}
}

// say tells of what is not counted.
func (p *progress) say(format string, args ...any) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%-48.48s", fmt.Sprintf(format, args...)))
		return
	}
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

func (p *progress) done(row report.Row) {
	if p.bar == nil {
		p.say("%s, %d at once: %.0f/s, ratio %.2f, %d errors %s", row.Title, row.Concurrency, row.Keystone.Rate, row.Ratio(),
			row.Keystone.Errors+row.Ceiling.Errors, row.Keystone.Error+row.Ceiling.Error)
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // only clears the line
	}
}
