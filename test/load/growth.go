package main

import (
	"context"
	"fmt"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/test/load/fire"
	"github.com/keystone-auth/keystone/test/load/report"
	"github.com/keystone-auth/keystone/test/load/seed"
)

// The small store that a grown one is compared with, and how many clients ask
// both: few, since it is the time of one request that must not grow.
const (
	smallUsers    = 1000
	growthClients = 4
)

// grown is a kind of request whose cost must not grow with the store.
type grown struct {
	name     string
	slow     float64
	most     float64 // the multiple that is allowed; zero: no goal was set
	visitors func(ctx context.Context, d *deployment, n int) ([]fire.Visitor, error)
}

// flat is what is left of growth where nothing grows.
const flat = 1.3

// grows are measured on the small store and on the grown one.
var grows = []grown{
	{"refresh", 1, flat, refreshChains},
	{"login", 2, flat, logins},
	{"first page of users", 1, flat, asAdmin(func(*deployment) string { return usersPath + "?limit=20" }, `"items":[{`)},
	{"users found by a part of a name", 1, flat, asAdmin(func(d *deployment) string {
		return fmt.Sprintf("%s?limit=20&q=%s", usersPath, seed.Username(d.users-1))
	}, `"items":[{`)},
	{"users of a role", 1, flat, asAdmin(func(*deployment) string { return usersPath + "?limit=20&role=user" }, `"items":[{`)},
	{"statistics, which count every row", 1, 0, asAdmin(func(*deployment) string { return statsPath }, `"users"`)},
}

func asAdmin(path func(*deployment) string, contains string) func(context.Context, *deployment, int) ([]fire.Visitor, error) {
	return func(ctx context.Context, d *deployment, n int) ([]fire.Visitor, error) {
		admin, err := d.admin(ctx)
		return all(n, fire.Message{Path: path(d), Bearer: admin}, contains), err
	}
}

// growth compares a store of a thousand users with one that has grown.
func (h *harness) growth(ctx context.Context) error {
	small, err := h.deploy(ctx, "small", seed.Plan{Users: smallUsers, Tokens: h.tokens}, nil)
	if err != nil {
		return err
	}
	defer small.Kill()
	began := time.Now()
	large, err := h.deploy(ctx, "large", seed.Plan{Users: h.users, Tokens: h.tokens, Told: h.progress.loading()}, nil)
	if err != nil {
		return err
	}
	defer large.Kill()
	size, err := h.stores.Size(ctx, large.database)
	if err != nil {
		return err
	}
	h.fact(report.Fact{
		Name: fmt.Sprintf("loading %d users and %d refresh tokens", h.users, h.users*h.tokens), Value: time.Since(began).Seconds(), Unit: "s",
		Note: fmt.Sprintf("%.1f GB on disk", float64(size)/1e9),
	})
	for _, each := range grows {
		if err := h.grow(ctx, each, small, large); err != nil {
			return fmt.Errorf("%s: %w", each.name, err)
		}
	}
	return h.cleanup(ctx, large)
}

// grow measures one kind of request on both stores in turn.
func (h *harness) grow(ctx context.Context, g grown, small, large *deployment) error {
	lasting := time.Duration(g.slow * float64(h.lasting))
	var medians [2]report.Figures
	rounds := [2][]report.Figures{}
	var sides [2]side
	for i, d := range []*deployment{small, large} {
		visitors, err := g.visitors(ctx, d, growthClients)
		if err != nil {
			return err
		}
		sides[i] = side{process: d.Process, database: d.database, idle: d.idle, visitors: visitors}
		h.volley(ctx, sides[i], h.warmup)
	}
	for round := range h.rounds {
		for i := range sides {
			h.progress.step("growth: %s, round %d", g.name, round+1)
			f := h.volley(ctx, sides[i], lasting)
			if f.Errors > 0 {
				return fmt.Errorf("%d errors: %s", f.Errors, f.Error)
			}
			rounds[i] = append(rounds[i], f)
		}
	}
	for i := range rounds {
		medians[i] = report.Median(rounds[i])
	}
	h.fact(report.Fact{
		Name: g.name + ", p50 at the grown store as a multiple", Value: medians[1].P50 / medians[0].P50, Most: g.most,
		Note: fmt.Sprintf("%.2f ms against %.2f ms, p99 %.2f against %.2f", medians[1].P50, medians[0].P50, medians[1].P99, medians[0].P99),
	})
	return ctx.Err()
}

// cleanup lets a tenth of all sessions be long over and deletes what is left of
// them as fast as the store can, while others refresh.
func (h *harness) cleanup(ctx context.Context, d *deployment) error {
	h.progress.say("growth: ending a tenth of the sessions")
	rows, err := h.stores.Expire(ctx, d.database, h.users/10)
	if err != nil {
		return err
	}
	visitors, err := refreshChains(ctx, &deployment{refresh: d.refresh[h.users/10:]}, growthClients)
	if err != nil {
		return err
	}
	refreshing := side{process: d.Process, database: d.database, idle: d.idle, visitors: visitors}
	h.volley(ctx, refreshing, h.warmup)
	quiet := h.volley(ctx, refreshing, 4*h.lasting)
	store, err := database.Open(ctx, database.Config{URL: d.settings["DATABASE_URL"], MaxConns: 1}, system.Clock{}, system.Random{})
	if err != nil {
		return err
	}
	defer store.Close()
	sweeping, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan swept, 1)
	go func() { done <- sweep(sweeping, database.NewHousekeeping(store)) }()
	// As long as it sweeps: rounds, of which the median counts.
	var busy []report.Figures
	var all swept
	for sweeps := true; sweeps; {
		busy = append(busy, h.volley(ctx, refreshing, h.lasting))
		select {
		case all = <-done:
			sweeps = false
		default:
			h.progress.say("growth: sweeping, for %d rounds", len(busy))
		}
		if len(busy) >= maxSweepRounds {
			stop()
		}
	}
	if all.err != nil {
		return all.err
	}
	m := report.Median(busy)
	if m.Errors+quiet.Errors > 0 {
		return fmt.Errorf("%d errors: %s%s", m.Errors+quiet.Errors, m.Error, quiet.Error)
	}
	h.fact(report.Fact{Name: "rows swept while others refresh", Value: float64(all.rows) / all.took.Seconds(), Unit: "/s", Note: fmt.Sprintf("%d of %d in %.0f s", all.rows, rows, all.took.Seconds())})
	h.fact(report.Fact{
		Name: "refresh while rows are swept, p99 as a multiple", Value: m.P99 / quiet.P99, Most: 2,
		Note: fmt.Sprintf("%.2f ms against %.2f ms, p50 %.2f against %.2f", m.P99, quiet.P99, m.P50, quiet.P50),
	})
	return nil
}

// maxSweepRounds ends a cleanup that is too slow to wait for.
const maxSweepRounds = 60

type swept struct {
	rows int
	took time.Duration
	err  error
}

// sweepBatch is that of Keystone's housekeeper.
const sweepBatch = 1000

// sweep deletes batch after batch without a pause, which is worse than the
// housekeeper does.
func sweep(ctx context.Context, h *database.Housekeeping) (s swept) {
	began := time.Now()
	before := began.Add(-7 * 24 * time.Hour)
	for _, duty := range []func(context.Context, time.Time, int) (int, error){h.Sessions} {
		for n := sweepBatch; n == sweepBatch; {
			var err error
			if n, err = duty(ctx, before, sweepBatch); err != nil {
				if ctx.Err() == nil {
					s.err = err
				}
				n = 0
			}
			s.rows += n
		}
	}
	s.took = time.Since(began)
	return s
}
