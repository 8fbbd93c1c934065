package rest

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/ports/inbound"
)

type liveness struct {
	Status string `json:"status" enum:"ok"`
}

type readiness struct {
	Status       string                     `json:"status" enum:"ready,unavailable"`
	Dependencies map[string]dependencyState `json:"dependencies"`
}

type dependencyState struct {
	Status    string  `json:"status" enum:"up,degraded,down"`
	LatencyMS float64 `json:"latency_ms" doc:"Milliseconds"`
}

func (s *Server) healthz(c echo.Context, _ *exchange) error { return alive(c) }

func (s *Server) readyz(c echo.Context, _ *exchange) error { return ready(c, s.use.Health) }

func alive(c echo.Context) error {
	return write(c.Response(), http.StatusOK, mediaJSON, liveness{Status: "ok"})
}

func ready(c echo.Context, health inbound.Health) error {
	isReady, dependencies := health.Ready(c.Request().Context())
	status, answer := http.StatusOK, readiness{Status: "ready", Dependencies: make(map[string]dependencyState, len(dependencies))}
	if !isReady {
		status, answer.Status = notReady, "unavailable"
	}
	for _, d := range dependencies {
		state := dependencyState{Status: "down", LatencyMS: d.Latency}
		switch {
		case d.Healthy:
			state.Status = "up"
		case d.Degraded:
			state.Status = "degraded"
		}
		answer.Dependencies[d.Name] = state
	}
	return write(c.Response(), status, mediaJSON, answer)
}

// OpsHandler serves /healthz and /readyz for the operators' listener, which
// adds its own metrics and profiles beside it. All else is a problem.
func OpsHandler(health inbound.Health) http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		// Who is gone while the answer is written needs none.
		_ = writeProblem(c.Response(), classify(c.Request().Context(), err), c.Response().Header().Get("X-Request-Id"))
	}
	for path, handle := range map[string]echo.HandlerFunc{
		"/healthz": alive,
		"/readyz":  func(c echo.Context) error { return ready(c, health) },
	} {
		e.GET(path, handle)
		e.HEAD(path, handle)
	}
	return e
}

// OpsHeaders puts on every answer of the operators' listener what the API puts
// on its own (contract, section 2). It needs the issuer, the clock and the
// random source of config; no browser of another origin is let in.
func OpsHeaders(config Config, next http.Handler) http.Handler {
	standing := standingHeaders(Config{Issuer: config.Issuer})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !saneRequestID(id) {
			id = config.Random.NewID(config.Clock.Now()).String()
		}
		standing.addTo(w.Header())
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r)
	})
}
