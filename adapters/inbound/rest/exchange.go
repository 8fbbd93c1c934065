package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// exchange is what is known of one request and its answer.
type exchange struct {
	resource *resource // nil where the path matched nothing
	origin   domain.Origin
	caller   inbound.Caller // set by the guard
	endpoint *endpoint      // the same; nil where the router found none
	subject  string         // who proved to be asking, or the user whom a token was issued for; for the log
	cause    error          // what the answer keeps to itself; for the log
	stack    []byte         // of a panic
	cut      bool           // the answer had begun when it failed
	patience patience       // with the work on it
}

type exchangeKey struct{}

// Proved notes which client has proved to be asking, for the line of the request
// whose context it is.
func Proved(ctx context.Context, clientID string) {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		x.subject = clientID
	}
}

func (x *exchange) oauth() bool { return x.resource != nil && x.resource.protocol == oauthProtocol }

// route is the template of the request's path.
func (x *exchange) route() string {
	if x.resource == nil {
		return "unmatched"
	}
	return x.resource.path
}

// around opens and closes every exchange, refused and unmatched ones too.
func (s *Server) around(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := s.config.Clock.Now()
		r := c.Request()
		x := &exchange{resource: s.resources[c.Path()], origin: domain.Origin{
			Address:   clientAddress(r.RemoteAddr, r.Header["X-Forwarded-For"], s.config.TrustedProxies),
			UserAgent: userAgent(r.UserAgent()),
			RequestID: r.Header.Get("X-Request-Id"),
		}}
		if !saneRequestID(x.origin.RequestID) {
			x.origin.RequestID = s.config.Random.NewID(began).String()
		}

		header := c.Response().Header()
		s.headers.addTo(header)
		header["X-Request-Id"] = []string{x.origin.RequestID}
		if x.oauth() {
			header.Set("Pragma", "no-cache") // beside no-store, for caches of HTTP/1.0 (RFC 6749, section 5.1)
		}

		x.patience.Context, x.patience.exchange = r.Context(), x
		if s.config.Trace != nil {
			traced, finish := s.config.Trace(r, x.route(), knownMethod(r.Method), x.origin.RequestID)
			x.patience.Context = traced
			defer func() { finish(c.Response().Status) }()
		}
		if x.resource == nil || !x.resource.streams {
			x.patience.limit = s.config.RequestTimeout
		}
		defer x.patience.end()
		c.SetRequest(r.WithContext(&x.patience))

		if !s.crossOrigin(c, x) {
			if err := protected(next, c, x); err != nil {
				s.refuse(c, x, err)
			}
		}
		s.finish(c, x, s.config.Clock.Now().Sub(began))
		if x.cut {
			panic(http.ErrAbortHandler) // else the client would take what it has for all there is
		}
		return nil
	}
}

// guard holds a request to its endpoint's access before anything of its body
// is looked at: 401, then 403 (contract, section 2).
func (s *Server) guard(e endpoint) echo.HandlerFunc {
	return func(c echo.Context) error {
		x, ok := c.Request().Context().Value(exchangeKey{}).(*exchange)
		if !ok {
			return errors.New("rest: a handler ran outside of an exchange")
		}
		x.endpoint = &e
		if e.access == bearer {
			if err := s.authenticate(c, x); err != nil {
				return err
			}
			if e.scope != "" && !x.caller.Can(e.scope) {
				refusal := domain.E(domain.KindForbidden, domain.CodeInsufficientScope, "the token does not hold the scope that this needs")
				refusal.Scope = string(e.scope)
				return refusal
			}
			if e.scope == "" && !e.derived {
				if err := x.caller.Themselves(); err != nil {
					return err
				}
			}
		}
		if e.bodiless() {
			if err := readNothing(c); err != nil {
				return err
			}
		}
		if e.query != nil {
			if err := checkQuery(c, e.query); err != nil {
				return err
			}
		}
		return e.handle(c, x)
	}
}

// protected turns a panic into an internal error.
func protected(next echo.HandlerFunc, c echo.Context, x *exchange) (err error) {
	defer func() {
		switch v := recover(); {
		case v == nil:
		case v == http.ErrAbortHandler: //nolint:errorlint // net/http compares it by identity too
			panic(v)
		default:
			x.stack = debug.Stack()
			err = domain.Internal(panicked(v))
		}
	}()
	return next(c)
}

// panicked words a panic for the log. Only the runtime's own words are known to
// hold no request data.
func panicked(v any) error {
	if fault, ok := v.(runtime.Error); ok {
		return fmt.Errorf("panic: %w", fault)
	}
	return fmt.Errorf("panic of type %T", v)
}

// refuse answers with err in the endpoint's protocol.
func (s *Server) refuse(c echo.Context, x *exchange, err error) {
	refusal := classify(c.Request().Context(), err)
	if refusal.Kind == domain.KindInternal || refusal.Kind == domain.KindUnavailable {
		x.cause = err
	}
	if err := s.tellDenial(c, x, refusal); err != nil && x.cause == nil {
		x.cause = err // the refusal stands
	}
	response := c.Response()
	if response.Committed {
		x.cause, x.cut = err, true // too late to say so: the client gets a cut answer
		return
	}
	if refusal.Code == codeMethodNotAllowed && x.resource != nil {
		response.Header().Set("Allow", x.resource.allow())
	}
	if x.oauth() {
		err = writeOAuthError(response, refusal)
	} else {
		err = writeProblem(response, refusal, x.origin.RequestID)
	}
	if err != nil && x.cause == nil {
		x.cause = err
	}
}

// finish writes the request's one line, with the template of its route in
// place of its address: a path or query may hold what no log should.
func (s *Server) finish(c echo.Context, x *exchange, took time.Duration) {
	route, method, status := x.route(), knownMethod(c.Request().Method), c.Response().Status
	if s.config.Observe != nil {
		s.config.Observe(route, method, status, took)
	}
	level := zap.InfoLevel
	if faulty(status) {
		level = zap.ErrorLevel
	}
	entry := s.config.Logger.Check(level, "request")
	if entry == nil {
		return
	}
	entry.Write(zap.Inline(&line{exchange: x, route: route, method: method, status: status, took: took}))
}

// line is what is logged of an exchange.
type line struct {
	*exchange
	route, method string
	status        int
	took          time.Duration
}

// MarshalLogObject writes the fields, without making a list of them first.
func (l *line) MarshalLogObject(to zapcore.ObjectEncoder) error {
	to.AddString("route", l.route)
	to.AddString("method", l.method)
	to.AddInt64("status", int64(l.status))
	to.AddDuration("latency", l.took)
	to.AddString("request_id", l.origin.RequestID)
	to.AddString("address", l.origin.Address)
	if l.subject != "" {
		to.AddString("subject", l.subject)
	}
	if l.cause != nil {
		zap.Error(l.cause).AddTo(to)
	}
	if l.stack != nil {
		to.AddByteString("stack", l.stack)
	}
	return nil
}

// knownMethod keeps made-up methods out of logs and metric labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return method
	}
	return "other"
}

// saneRequestID accepts 1 to 64 of A-Z a-z 0-9 . _ - that are no secret of ours
// in the wrong header: it is logged.
func saneRequestID(id string) bool {
	if id == "" || len(id) > 64 || token.HoldsOpaque(id) {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
