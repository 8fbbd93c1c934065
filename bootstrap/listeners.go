package bootstrap

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/bootstrap/config"
)

// listeners are the API's and, where configured, the operations listener.
type listeners struct {
	api, ops *http.Server
	open     net.Listener // the API's, where it was open before
	bound    net.Addr
}

// apiListener is the one that WithListener gives.
type apiListener struct{ net.Listener }

func newListeners(cfg *config.Config, api *rest.Server, p parts, open apiListener, metrics *telemetry.Metrics, logger *zap.Logger) (*listeners, error) {
	l := &listeners{open: open.Listener, api: rest.NewHTTPServer(leaving(p.health.Draining, api.Handler()), cfg.HTTP.Addr, logger)}
	if cfg.HTTP.TLSCertFile != "" {
		pair, err := newKeyPair(cfg.HTTP.TLSCertFile, cfg.HTTP.TLSKeyFile, logger)
		if err != nil {
			return nil, err
		}
		l.api.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get}
	}
	if cfg.HTTP.OpsAddr != "" {
		l.ops = rest.NewHTTPServer(operationsHandler(p, metrics), cfg.HTTP.OpsAddr, logger)
	}
	return l, nil
}

func (l *listeners) apiAddr() net.Addr { return l.bound }

// leaving asks clients that keep connections open to leave, once the instance
// drains: a balancer sends no new ones, and the old ones must go elsewhere.
func leaving(draining func() bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// listen serves on a listener, or on one of the server's address where it is nil.
func listen(server *http.Server, listener net.Listener, down fx.Shutdowner, logger *zap.Logger) (net.Listener, error) {
	if listener == nil {
		var err error
		if listener, err = open(server.Addr); err != nil {
			return nil, err
		}
	}
	serve := server.Serve
	if server.TLSConfig != nil {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	go func() {
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("a listener failed", zap.String("address", server.Addr), zap.Error(err))
			_ = down.Shutdown(fx.ExitCode(1)) // only fails when stopping already
		}
	}()
	return listener, nil
}

// open listens for plain TCP: the kernel takes no filter for its multipath kind,
// which is the default of net (see refuseNewcomers).
func open(address string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), "tcp", address)
}

// stopReserve is what is left of a stop's time when slow exchanges are cut: the
// parts behind the listeners have to stop too.
const stopReserve = 3 * time.Second

// shut ends a listener: gracefully while there is time, then by force, which is
// no failure of the stop.
func shut(ctx context.Context, server *http.Server, logger *zap.Logger) error {
	if deadline, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-stopReserve))
		defer cancel()
	}
	err := server.Shutdown(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	logger.Warn("exchanges that were too slow for the stop were cut", zap.String("address", server.Addr))
	return server.Close()
}
