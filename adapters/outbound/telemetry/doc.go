// Package telemetry owns the metrics: their names, labels and bounds. It wraps
// ports and measures what passes, so that neither the domain nor a use case
// knows of it, and an adapter of someone else's is measured like our own.
//
//	rest.Config.Observe ──────────────────────────── http_requests, http_request_duration
//	inbound.TokenEndpoint ────────────────────────── logins, tokens_issued
//	inbound.Authenticator ─┐
//	outbound.Cache ────────┴──────────────────────── token_validations, cache_requests
//	outbound.UnitOfWork, directories, SignalLog … ── db_query_duration
//	outbound.SignalBus, outbound.SignalLog ───────── signal_failures, and the log
//	outbound.RateLimiter ─────────────────────────── rate_limited, rate_limit_failures, and the log
//
// No label takes a value from a request: routes are templates, grants come
// from the registration list, reasons from the domain's own lists. The failures
// of the signal feeds are also logged here, because the use cases live with
// them and tell nobody.
package telemetry
