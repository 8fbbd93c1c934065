package bootstrap

import (
	"net/http"
	"net/http/pprof"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
)

// operationsHandler is what operators see and the public port never shows.
func operationsHandler(p parts, metrics *telemetry.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest.OpsHandler(p.health))
	mux.Handle("GET /metrics", metrics.Handler())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return rest.OpsHeaders(rest.Config{Issuer: p.issuer, Clock: p.out.Clock, Random: p.out.Random}, mux)
}
