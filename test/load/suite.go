package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/test/load/ceiling"
	"github.com/keystone-auth/keystone/test/load/fire"
	"github.com/keystone-auth/keystone/test/load/report"
	"github.com/keystone-auth/keystone/test/load/rig"
	"github.com/keystone-auth/keystone/test/load/seed"
)

// fewUsers are enough for a Keystone that serves only clients.
const fewUsers = 10

// suite measures all that is wanted on one deployment after another.
func (h *harness) suite(ctx context.Context) error {
	h.progress.say("starting Keystone with %d users", h.users)
	d, err := h.deploy(ctx, "main", seed.Plan{Users: h.users, Tokens: h.tokens}, nil)
	if err != nil {
		return err
	}
	defer d.Kill()
	top, err := h.startCeiling(ctx, d)
	if err != nil {
		return err
	}
	defer top.Kill()
	for _, s := range scenarios {
		if !h.wants(s.name) {
			continue
		}
		if err := h.scenario(ctx, s, d, top); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for _, each := range []struct {
		name    string
		measure func(context.Context, *deployment) error
	}{{"revocation", h.revocation}, {"parts", h.parts}, {"start", h.start}} {
		if !h.wants(each.name) {
			continue
		}
		if err := each.measure(ctx, d); err != nil {
			return fmt.Errorf("%s: %w", each.name, err)
		}
	}
	if err := top.Stop(); err != nil {
		return err
	}
	return d.Stop()
}

// singles are the measurements that have no row of their own.
var singles = []string{"revocation", "parts", "start"}

// startCeiling asks each sample once, so that the ceilings answer alike.
func (h *harness) startCeiling(ctx context.Context, d *deployment) (*rig.Process, error) {
	answers := map[string]ceiling.Answer{}
	for _, s := range scenarios {
		m, err := s.sample(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		var answer ceiling.Answer
		if err := d.send(ctx, m, &answer); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		answers[s.name] = answer
	}
	database, err := h.stores.Database(ctx, ceilingDatabase)
	if err != nil {
		return nil, err
	}
	address, err := rig.FreeAddress()
	if err != nil {
		return nil, err
	}
	orders, err := json.Marshal(ceiling.Orders{Address: address, Answers: answers, Postgres: database, Redis: h.stores.Redis, Chains: h.users})
	if err != nil {
		return nil, err
	}
	return rig.Self(ctx, ceiling.Role, address, orders)
}

// scenario measures one at each concurrency.
func (h *harness) scenario(ctx context.Context, s scenario, d *deployment, top *rig.Process) (err error) {
	if s.algorithm != "" {
		h.progress.say("starting Keystone with %s", s.algorithm)
		d, err = h.deploy(ctx, strings.ToLower(s.algorithm), seed.Plan{Users: fewUsers, Tokens: chainLength}, rig.Settings{"JWT_ALGORITHM": s.algorithm})
		if err != nil {
			return err
		}
		defer d.Kill()
	}
	lasting := time.Duration(max(1, s.slow) * float64(h.lasting))
	for _, n := range h.concurrencies(s) {
		keystone, atTop, err := h.sides(ctx, s, d, top, n)
		if err != nil {
			return err
		}
		h.duel(ctx, report.Row{
			Scenario: s.name, Title: s.title, Concurrency: n, Against: s.against, Goal: s.goal, WantSQL: s.sql, WantCommands: s.redis,
		}, keystone, atTop, lasting)
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.beside != nil {
			h.pressed(h.report.Rows[len(h.report.Rows)-1])
		}
	}
	return nil
}

// pressed tells how latency fared while others pressed in, as the ratio tells of
// the rate.
func (h *harness) pressed(row report.Row) {
	if row.Ceiling.P99 == 0 {
		return
	}
	h.fact(report.Fact{
		Name: row.Title + ", p99 as a multiple of the ceiling's", Value: row.Keystone.P99 / row.Ceiling.P99, Most: 2,
		Note: fmt.Sprintf("%.1f ms against %.1f ms; logins meanwhile %.0f/s against %.0f/s; Keystone held at most %.0f MiB",
			row.Keystone.P99, row.Ceiling.P99, row.Keystone.Beside, row.Ceiling.Beside, row.Keystone.PeakRSS),
	})
}

// sides gives n clients of Keystone and of the ceiling. Access tokens live for
// minutes only, so the sample is a fresh one.
func (h *harness) sides(ctx context.Context, s scenario, d *deployment, top *rig.Process, n int) (keystone, atTop side, err error) {
	sample, err := s.sample(ctx, d)
	if err != nil {
		return keystone, atTop, err
	}
	keystone = side{process: d.Process, database: d.database, idle: d.idle, visitors: all(n, sample, s.contains)}
	if s.visitors != nil {
		if keystone.visitors, err = s.visitors(ctx, d, n); err != nil {
			return keystone, atTop, err
		}
	}
	switch {
	case s.alone != nil:
		atTop.database = ceilingDatabase
		atTop.alone, err = s.alone()
		return keystone, atTop, err
	case s.top != nil:
		atTop = side{process: top, database: ceilingDatabase, visitors: s.top(h, n)}
	default:
		sample.Path = s.path
		atTop = side{process: top, database: ceilingDatabase, visitors: all(n, sample, s.contains)}
	}
	if s.beside != nil {
		keystone.beside, atTop.beside = s.beside(h, d)
	}
	return keystone, atTop, nil
}

// signerAlone signs without a server.
func signerAlone(algorithm string) func() (func(context.Context) error, error) {
	return func() (func(context.Context) error, error) {
		signer, err := ceiling.NewSigner(algorithm)
		return func(context.Context) error {
			_, err := signer.Sign()
			return err
		}, err
	}
}

// listUsers asks for the first page of all users.
func listUsers(ctx context.Context, d *deployment) (fire.Message, error) {
	admin, err := d.admin(ctx)
	return fire.Message{Path: usersPath + "?limit=20", Bearer: admin}, err
}
