package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/test/load/ceiling"
	"github.com/keystone-auth/keystone/test/load/fire"
	"github.com/keystone-auth/keystone/test/load/report"
	"github.com/keystone-auth/keystone/test/load/rig"
)

// samplesOf is how often something rare is measured: never mind how quick.
func (h *harness) samplesOf(many int) int {
	if h.lasting < time.Second {
		return 3
	}
	return many
}

func (h *harness) fact(f report.Fact) {
	h.report.Facts = append(h.report.Facts, f)
	h.progress.say("%s", f)
}

// revocation sees how long a second instance goes on accepting a session that
// was ended at the first, counted from when the request to end it was sent.
func (h *harness) revocation(ctx context.Context, d *deployment) error {
	settings := maps.Clone(d.settings)
	settings["ISSUER"] = "http://" + d.Address
	var err error
	if settings["OPS_ADDR"], err = rig.FreeAddress(); err != nil {
		return err
	}
	second, err := rig.Keystone(ctx, d.program, d.dir, settings)
	if err != nil {
		return err
	}
	defer second.Kill()
	var sent, answered []float64
	for range h.samplesOf(200) {
		g, err := d.loginNext(ctx)
		if err != nil {
			return err
		}
		fromSent, fromAnswered, err := end(ctx, d, second.Address, g)
		if err != nil {
			return err
		}
		sent, answered = append(sent, fromSent), append(answered, fromAnswered)
	}
	for _, each := range []struct {
		name     string
		times    []float64
		p50, p99 float64
	}{{"request to end it", sent, 5, 50}, {"answer to it", answered, 0, 0}} {
		slices.Sort(each.times)
		at := func(percent int) float64 { return each.times[(len(each.times)-1)*percent/100] }
		name := "a session's end seen at another instance, since the " + each.name
		h.fact(report.Fact{Name: name + ", p50", Value: at(50), Unit: "ms", Most: each.p50})
		h.fact(report.Fact{Name: name + ", p99", Value: at(99), Unit: "ms", Most: each.p99})
	}
	return nil
}

// end ends a session at one instance while asking the other, which has seen it.
func end(ctx context.Context, one *deployment, other string, g grant) (fromSent, fromAnswered float64, err error) {
	watch := fire.Message{Path: mePath, Bearer: g.Access}
	connection := fire.Dial(other, time.Minute)
	defer connection.Close()
	if status, body, err := connection.Exchange(ctx, watch.Bytes()); err != nil || status != http.StatusOK {
		return 0, 0, fmt.Errorf("status %d: %s, %w", status, body, err)
	}
	type moment struct {
		at  time.Time
		err error
	}
	answered := make(chan moment, 1)
	sent := time.Now()
	go func() {
		err := one.ask(ctx, revokePath, "", nil, url.Values{"token": {g.Refresh}}, nil)
		answered <- moment{time.Now(), err}
	}()
	for time.Since(sent) < 5*time.Second {
		status, _, err := connection.Exchange(ctx, watch.Bytes())
		seen := time.Now()
		if err != nil {
			return 0, 0, err
		}
		if status == http.StatusUnauthorized {
			last := <-answered
			ms := func(d time.Duration) float64 { return max(0, float64(d)/float64(time.Millisecond)) }
			return ms(seen.Sub(sent)), ms(seen.Sub(last.at)), last.err
		}
	}
	return 0, 0, fmt.Errorf("the second instance does not see it within 5 s")
}

// parts measures what the ceilings are made of.
func (h *harness) parts(ctx context.Context, _ *deployment) error {
	for _, algorithm := range ceiling.Algorithms {
		work, err := signerAlone(algorithm)()
		if err != nil {
			return err
		}
		h.part(ctx, "signer alone, "+algorithm, work)
	}
	hasher, err := ceiling.NewHasher()
	if err != nil {
		return err
	}
	h.part(ctx, "hasher alone, two at once", func(context.Context) error {
		_, err := hasher.Verify()
		return err
	})
	database, err := h.stores.Database(ctx, "bench_statement")
	if err != nil {
		return err
	}
	chains, err := ceiling.OpenChains(ctx, database, h.users)
	if err != nil {
		return err
	}
	defer chains.Close()
	v := fire.Work(ctx, slices.Max(h.concurrency), h.lasting, chains.Spend)
	h.fact(report.Fact{Name: "the durable statement without a server", Value: v.Rate(), Unit: "/s"})
	return v.FirstErr
}

func (h *harness) part(ctx context.Context, name string, work func(context.Context) error) {
	v := h.volley(ctx, side{alone: work}, h.lasting)
	h.fact(report.Fact{Name: name, Value: v.Rate, Unit: "/s"})
}

// start measures starts on an existing embedded database, rest and size.
func (h *harness) start(ctx context.Context, d *deployment) error {
	dir := filepath.Join(h.dir, "start")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	embedded := rig.Settings{"DATABASE_URL": "sqlite://keystone.db", "MASTER_KEY": rig.MasterKey(), "LOG_FORMAT": "json", "OPS_ADDR": ""}
	shared := maps.Clone(d.settings)
	shared["OPS_ADDR"] = ""
	if err := h.bareStart(ctx); err != nil {
		return err
	}
	for _, each := range []struct {
		name      string
		settings  rig.Settings
		most, rss float64
	}{{"SQLite", embedded, 35, 40}, {"PostgreSQL and Redis", shared, 0, 0}} {
		if err := h.starts(ctx, dir, each.name, each.settings, each.most, each.rss); err != nil {
			return err
		}
	}
	file, err := os.Stat(h.program)
	if err != nil {
		return err
	}
	h.fact(report.Fact{Name: "size of the program", Value: float64(file.Size()) / 1e6, Unit: "MB", Most: 38})
	return nil
}

// bareStart measures what a start costs before Keystone does anything: the
// kernel maps the program, and what it links initialises itself.
func (h *harness) bareStart(ctx context.Context) error {
	took := make([]float64, h.samplesOf(15))
	for i := range took {
		began := time.Now()
		if err := exec.CommandContext(ctx, h.program, "version").Run(); err != nil {
			return err
		}
		took[i] = float64(time.Since(began)) / float64(time.Millisecond)
	}
	h.fact(report.Fact{Name: "start of the program that only tells its version", Value: median(took), Unit: "ms", Note: "from exec to exit, median"})
	return nil
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

func (h *harness) starts(ctx context.Context, dir, store string, settings rig.Settings, most, rss float64) error {
	var took []float64
	for i := range 1 + h.samplesOf(15) {
		began := time.Now()
		p, err := rig.Keystone(ctx, h.program, dir, settings)
		if err != nil {
			return err
		}
		if i > 0 { // the first one makes the database
			took = append(took, float64(time.Since(began))/float64(time.Millisecond))
		}
		if i == h.samplesOf(15) {
			time.Sleep(3 * h.pause())
			now, _, err := rig.Memory(p.PID)
			if err != nil {
				p.Kill()
				return err
			}
			h.fact(report.Fact{Name: "memory at rest on " + store, Value: float64(now) / (1 << 20), Unit: "MiB", Most: rss})
		}
		if err := p.Stop(); err != nil {
			return err
		}
	}
	h.fact(report.Fact{Name: "start on an existing database, " + store, Value: median(took), Unit: "ms", Most: most, Note: "from exec to ready, median"})
	return nil
}
