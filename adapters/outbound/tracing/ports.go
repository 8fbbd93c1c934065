package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

var ofRedis = attribute.String("db.system.name", "redis")

// TokenEndpoint traces the token pipeline; the grant is one of those on offer.
func (t *Tracer) TokenEndpoint(inner inbound.TokenEndpoint) inbound.TokenEndpoint {
	return &tokenEndpoint{inner, t}
}

type tokenEndpoint struct {
	inbound.TokenEndpoint
	t *Tracer
}

func (e *tokenEndpoint) Token(ctx context.Context, r inbound.TokenRequest) (response inbound.TokenResponse, err error) {
	err = e.t.within(ctx, "issue tokens", trace.SpanKindInternal, func(ctx context.Context) error {
		response, err = e.TokenEndpoint.Token(ctx, r)
		return err
	})
	return response, err
}

// Introspector traces introspection.
func (t *Tracer) Introspector(inner inbound.Introspector) inbound.Introspector {
	return &introspector{inner, t}
}

type introspector struct {
	inner inbound.Introspector
	t     *Tracer
}

func (i *introspector) IntrospectAsClient(ctx context.Context, credentials inbound.ClientCredentials, raw domain.Secret) (found inbound.Introspection, err error) {
	err = i.t.within(ctx, "introspect token", trace.SpanKindInternal, func(ctx context.Context) error {
		found, err = i.inner.IntrospectAsClient(ctx, credentials, raw)
		return err
	})
	return found, err
}

func (i *introspector) IntrospectAsBearer(ctx context.Context, caller inbound.Caller, raw domain.Secret) (found inbound.Introspection, err error) {
	err = i.t.within(ctx, "introspect token", trace.SpanKindInternal, func(ctx context.Context) error {
		found, err = i.inner.IntrospectAsBearer(ctx, caller, raw)
		return err
	})
	return found, err
}

// Revoker traces revocation.
func (t *Tracer) Revoker(inner inbound.Revoker) inbound.Revoker { return &revoker{inner, t} }

type revoker struct {
	inner inbound.Revoker
	t     *Tracer
}

func (r *revoker) Revoke(ctx context.Context, credentials inbound.ClientCredentials, raw domain.Secret) error {
	return r.t.within(ctx, "revoke token", trace.SpanKindInternal, func(ctx context.Context) error { return r.inner.Revoke(ctx, credentials, raw) })
}

// Authenticator traces the check of bearer tokens.
func (t *Tracer) Authenticator(inner inbound.Authenticator) inbound.Authenticator {
	return &authenticator{inner, t}
}

type authenticator struct {
	inner inbound.Authenticator
	t     *Tracer
}

func (a *authenticator) Authenticate(ctx context.Context, raw string) (caller inbound.Caller, err error) {
	err = a.t.within(ctx, "authenticate bearer", trace.SpanKindInternal, func(ctx context.Context) error {
		caller, err = a.inner.Authenticate(ctx, raw)
		return err
	})
	return caller, err
}

// UnitOfWork traces what use cases change.
func (t *Tracer) UnitOfWork(inner outbound.UnitOfWork) outbound.UnitOfWork {
	return &unitOfWork{inner, t}
}

type unitOfWork struct {
	inner outbound.UnitOfWork
	t     *Tracer
}

func (u *unitOfWork) Do(ctx context.Context, work func(context.Context, outbound.Repositories) error) error {
	return u.t.within(ctx, "unit of work", trace.SpanKindInternal, func(ctx context.Context) error { return u.inner.Do(ctx, work) })
}

// PasswordHasher traces hashes, their time in the queue included.
func (t *Tracer) PasswordHasher(inner outbound.PasswordHasher) outbound.PasswordHasher {
	return &passwordHasher{inner, t}
}

type passwordHasher struct {
	inner outbound.PasswordHasher
	t     *Tracer
}

func (h *passwordHasher) Hash(ctx context.Context, password domain.Secret) (encoded string, err error) {
	err = h.t.within(ctx, "hash password", trace.SpanKindInternal, func(ctx context.Context) error {
		encoded, err = h.inner.Hash(ctx, password)
		return err
	})
	return encoded, err
}

func (h *passwordHasher) Verify(ctx context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
	err = h.t.within(ctx, "verify password", trace.SpanKindInternal, func(ctx context.Context) error {
		match, outdated, err = h.inner.Verify(ctx, password, encoded)
		return err
	})
	return match, outdated, err
}

// RateLimiter traces the limits that instances share through Redis.
func (t *Tracer) RateLimiter(inner outbound.RateLimiter) outbound.RateLimiter {
	return &rateLimiter{inner, t}
}

type rateLimiter struct {
	outbound.RateLimiter
	t *Tracer
}

func (l *rateLimiter) Reserve(ctx context.Context, limit domain.Limit, key string) (r outbound.Reservation, err error) {
	err = l.t.within(ctx, "reserve "+string(limit.Name), trace.SpanKindClient, func(ctx context.Context) error {
		r, err = l.RateLimiter.Reserve(ctx, limit, key)
		return err
	}, ofRedis)
	return r, err
}

// SignalBus traces what is published through Redis.
func (t *Tracer) SignalBus(inner outbound.SignalBus) outbound.SignalBus { return &signalBus{inner, t} }

type signalBus struct {
	outbound.SignalBus
	t *Tracer
}

func (b *signalBus) Publish(ctx context.Context, signals ...token.Signal) error {
	return b.t.within(ctx, "publish signals", trace.SpanKindClient, func(ctx context.Context) error { return b.SignalBus.Publish(ctx, signals...) }, ofRedis)
}
