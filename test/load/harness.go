package main

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/keystone-auth/keystone/test/load/fire"
	"github.com/keystone-auth/keystone/test/load/report"
	"github.com/keystone-auth/keystone/test/load/rig"
)

// harness is what a run works with.
type harness struct {
	options
	stores   *rig.Stores
	dir      string // for what it writes
	report   *report.Report
	progress *progress
}

// side is one of the two that are measured in turn.
type side struct {
	process  *rig.Process
	database string
	idle     idleRates
	visitors []fire.Visitor
	beside   []fire.Visitor // who ask at the same time and are not reported
	// alone is a part of a server, done by this process; then there is no other.
	alone func(context.Context) error
}

func (s side) none() bool { return s.process == nil && s.alone == nil }

const ceilingDatabase = "bench_ceiling"

// observeIdle sees what a deployment does on its own.
func (h *harness) observeIdle(ctx context.Context, d *deployment) error {
	time.Sleep(h.pause())
	before := h.stores.Read(ctx, d.PID, d.database)
	time.Sleep(3 * h.pause())
	after := h.stores.Read(ctx, d.PID, d.database)
	seconds := after.At.Sub(before.At).Seconds()
	d.idle = idleRates{float64(after.SQL-before.SQL) / seconds, float64(after.Commands-before.Commands) / seconds}
	return ctx.Err()
}

// pause lets the machine settle.
func (h *harness) pause() time.Duration { return min(time.Second, h.lasting/4) }

// duel measures both sides in turn, round after round.
func (h *harness) duel(ctx context.Context, row report.Row, keystone, top side, lasting time.Duration) {
	sides := []side{keystone}
	if !top.none() {
		sides = append(sides, top)
	}
	results := make([][]report.Figures, len(sides))
	for i, s := range sides {
		if s.process != nil {
			rig.ForgetPeak(s.process.PID)
		}
		warm := h.volley(ctx, s, min(h.warmup, lasting))
		results[i] = append(results[i], report.Figures{Errors: warm.Errors, Error: warm.Error})
	}
	for round := range h.rounds {
		for i, s := range sides {
			h.progress.step("%s, %d at once, round %d", row.Title, row.Concurrency, round+1)
			results[i] = append(results[i], h.volley(ctx, s, lasting))
		}
	}
	row.Keystone = medianAfterWarmup(results[0])
	if len(sides) > 1 {
		row.Ceiling = medianAfterWarmup(results[1])
	}
	h.add(row)
}

// medianAfterWarmup takes of the first round its errors only.
func medianAfterWarmup(rounds []report.Figures) report.Figures {
	m := report.Median(rounds[1:])
	m.Errors += rounds[0].Errors
	if m.Error == "" {
		m.Error = rounds[0].Error
	}
	return m
}

// volley is one round on one side.
func (h *harness) volley(ctx context.Context, s side, lasting time.Duration) report.Figures {
	if s.alone != nil {
		before := h.stores.Read(ctx, 0, s.database)
		v := fire.Work(ctx, runtime.NumCPU(), lasting, s.alone)
		after := h.stores.Read(ctx, 0, s.database)
		after.Server, before.Server = after.Generator, before.Generator
		return figures(v, before, after, s.idle)
	}
	before := h.stores.Read(ctx, s.process.PID, s.database)
	var others fire.Volley
	var all sync.WaitGroup
	if len(s.beside) > 0 {
		all.Go(func() { others = fire.Run(ctx, s.process.Address, s.beside, lasting) })
	}
	v := fire.Run(ctx, s.process.Address, s.visitors, lasting)
	all.Wait()
	after := h.stores.Read(ctx, s.process.PID, s.database)
	f := figures(v, before, after, s.idle)
	f.Beside = others.Rate()
	if f.Errors += others.Errors; f.Error == "" && others.FirstErr != nil {
		f.Error = others.FirstErr.Error()
	}
	if _, peak, err := rig.Memory(s.process.PID); err == nil {
		f.PeakRSS = float64(peak) / (1 << 20)
	}
	return f
}

func figures(v fire.Volley, before, after rig.Reading, idle idleRates) report.Figures {
	took := after.At.Sub(before.At)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	f := report.Figures{
		Rate: v.Rate(), P50: ms(v.At(50)), P99: ms(v.At(99)), P999: ms(v.At(99.9)), Errors: v.Errors,
		Generator: (after.Generator - before.Generator).Seconds() / took.Seconds() / float64(runtime.NumCPU()),
	}
	if v.FirstErr != nil {
		f.Error = v.FirstErr.Error()
	}
	if v.Answers == 0 {
		return f
	}
	each := func(d time.Duration) float64 { return ms(d) / float64(v.Answers) }
	f.ServerCPU, f.StoreCPU, f.CacheCPU = each(after.Server-before.Server), each(after.Postgres-before.Postgres), each(after.Redis-before.Redis)
	f.SQL = aRequest(before.SQL, after.SQL, idle.sql*took.Seconds(), v.Answers)
	f.Commands = aRequest(before.Commands, after.Commands, idle.commands*took.Seconds(), v.Answers)
	return f
}

// aRequest is a count a request, without what runs in the background.
func aRequest(before, after int64, background float64, requests int64) float64 {
	if before < 0 || after < 0 {
		return -1
	}
	return max(0, float64(after-before)-background) / float64(requests)
}

func (h *harness) add(row report.Row) {
	h.report.Rows = append(h.report.Rows, row)
	h.progress.done(row)
}
