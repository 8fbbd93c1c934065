// Package bootstrap assembles Keystone: it alone knows every adapter and every
// use case, and it alone imports fx.
//
//	config -> outbound ports (ports.go) -> use cases (parts.go, grants.go) -> listeners (serve.go)
//
// New gives a server as a library: Replace swaps an adapter, WithGrant adds a
// grant, WithClientAuth a method of client authentication.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// stopTimeout bounds a graceful stop (contract, section 5).
const stopTimeout = 30 * time.Second

// Option changes what New assembles.
type Option func(*options)

type options struct {
	replaced   map[reflect.Type]provider
	grants     extraGrants
	clientAuth extraClientAuth
	notices    io.Writer
	logger     *zap.Logger
}

// Replace lets an adapter of your own serve as outbound port T; the original's
// constructor does not run. A T that is no port is refused by New, by name.
func Replace[T any](implementation T) Option {
	return func(o *options) {
		o.replaced[reflect.TypeFor[T]()] = port[T](func() T { return implementation })
	}
}

// WithGrant registers one more grant.
func WithGrant(g grants.Grant) Option {
	return func(o *options) { o.grants = append(o.grants, g) }
}

// WithNotices sends what an operator must see once, such as the first
// password, elsewhere than to standard error.
func WithNotices(w io.Writer) Option { return func(o *options) { o.notices = w } }

// WithLogger logs through the given logger.
func WithLogger(l *zap.Logger) Option { return func(o *options) { o.logger = l } }

func newOptions(opts []Option) options {
	o := options{replaced: map[reflect.Type]provider{}, notices: os.Stderr}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

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
	graph, err := graph(cfg, opts, fx.Populate(&app.parts, &app.api), fx.Invoke(serve), fx.Invoke(func(l *listeners) { app.addr = l.apiAddr }))
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
	if o.logger == nil {
		logger, err := newLogger(cfg)
		if err != nil {
			return nil, err
		}
		o.logger = logger
	}
	provided := []fx.Option{
		fx.NopLogger, fx.StartTimeout(time.Minute), fx.StopTimeout(stopTimeout),
		fx.Supply(cfg, o.logger, notices{o.notices}, o.grants, o.clientAuth),
		fx.Provide(newPlan, newDatabase, telemetry.New, assemble, newRunner, newAPI, newListeners),
		fx.Provide(fx.Annotate(database.NewProbe, fx.As(new(outbound.Probe)), fx.ResultTags(`group:"probes"`))),
		fx.Provide(fx.Annotate(database.NewReplicaProbes, fx.ResultTags(`group:"probes,flatten"`))),
		fx.Invoke(measureReplicas),
	}
	if !cfg.Storage.RedisURL.Empty() {
		provided = append(provided, fx.Provide(newRedis,
			fx.Annotate(redis.NewProbe, fx.As(new(outbound.Probe)), fx.ResultTags(`group:"probes"`))))
	}
	for _, p := range outboundPorts(cfg) {
		if mine, replaced := o.replaced[p.port]; replaced {
			delete(o.replaced, p.port)
			p = mine
		}
		provided = append(provided, fx.Provide(p.constructor))
	}
	for unknown := range o.replaced {
		return nil, fmt.Errorf("bootstrap.Replace: %s is not an outbound port", unknown)
	}
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
