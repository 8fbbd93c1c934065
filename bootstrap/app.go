// Package bootstrap assembles Keystone: it alone knows every adapter and every
// use case, and it alone imports fx.
//
//	config -> outbound ports (ports.go) -> use cases (parts.go, grants.go) -> listeners (serve.go)
//
// New gives a server as a library; its options, in options.go, swap adapters and
// add grants and reactions.
package bootstrap

import (
	"context"
	"errors"
	"net"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// stopTimeout bounds a graceful stop (contract, section 5).
const stopTimeout = 30 * time.Second

// App is an assembled Keystone.
type App struct {
	fx    *fx.App
	parts parts
	api   *rest.Server
	addr  func() net.Addr
}

// New assembles a server; nothing runs before Start.
func New(cfg *config.Config, opts ...Option) (*App, error) {
	app := &App{}
	graph, err := graph(cfg, opts, fx.Populate(&app.parts, &app.api), fx.Invoke(watch, serve), fx.Invoke(func(l *listeners) { app.addr = l.apiAddr }))
	if err != nil {
		return nil, err
	}
	app.fx = fx.New(graph)
	return app, cause(app.fx.Err())
}

// cause gives what a constructor said, without the path that dig took to it:
// operators read it as one line.
func cause(err error) error {
	if err == nil {
		return nil
	}
	return dig.RootCause(err)
}

// graph is everything fx is told, for New, for commands and for its own test.
func graph(cfg *config.Config, opts []Option, more ...fx.Option) (fx.Option, error) {
	o := newOptions(opts)
	if o.embedded {
		var err error
		if cfg, err = embed(cfg); err != nil {
			return nil, err
		}
	}
	var provided []fx.Option
	if o.logger == nil {
		logger, closing, err := newLogger(cfg)
		if err != nil {
			return nil, err
		}
		o.logger = logger
		// Appended before all others, so it runs after them.
		provided = append(provided, fx.Invoke(func(lc fx.Lifecycle) { lc.Append(fx.StopHook(closing)) }))
	}
	provided = append(provided,
		fx.NopLogger, fx.StartTimeout(time.Minute), fx.StopTimeout(stopTimeout),
		fx.Supply(cfg, o.logger, newNotices(o.notices, cfg), o.added, apiListener{o.listener}),
		fx.Provide(newPlan, newTracer, newDatabase, telemetry.New, assemble, newRunner, newAPI, newListeners),
		fx.Provide(fx.Annotate(database.NewProbe, fx.As(new(outbound.Probe)), fx.ResultTags(`group:"probes"`))),
		fx.Provide(fx.Annotate(database.NewReplicaProbes, fx.ResultTags(`group:"probes,flatten"`))),
		fx.Invoke(measureReplicas),
	)
	if !cfg.Storage.RedisURL.Empty() {
		provided = append(provided, fx.Provide(newRedis,
			fx.Annotate(redis.NewProbe, fx.As(new(outbound.Probe)), fx.ResultTags(`group:"probes"`))))
	}
	adapters, err := o.adapters(outboundPorts(cfg))
	if err != nil {
		return nil, err
	}
	provided = append(provided, adapters...)
	return fx.Options(append(provided, more...)...), nil
}

// Start brings the server up: schema, keys, first superuser, listeners. It
// returns once requests are served.
func (a *App) Start(ctx context.Context) error { return a.fx.Start(ctx) }

// Stop drains and ends the server.
func (a *App) Stop(ctx context.Context) error { return a.fx.Stop(ctx) }

// Addr is where the API listens, once started.
func (a *App) Addr() net.Addr { return a.addr() }

// Run serves until ctx ends or a listener fails, then stops gracefully.
func (a *App) Run(ctx context.Context) error {
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, a.stop())
	}
	var failed error
	select {
	case <-ctx.Done():
	case signal := <-a.fx.Wait():
		if signal.ExitCode != 0 {
			failed = errors.New("a listener failed")
		}
	}
	return errors.Join(failed, a.stop())
}

func (a *App) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return a.Stop(ctx)
}
