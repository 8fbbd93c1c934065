// Package rest is Keystone over HTTP: it turns requests into calls of
// ports/inbound and their outcomes into what the contract promises.
//
//	net/http -> Echo's router -> around (id, headers, origin, deadline, log)
//	         -> guard (bearer, scope) -> one handler -> ports/inbound
//	         <- problem.go (RFC 9457) or oauth_error.go (RFC 6749)
//
// One table, in routes.go, lists every endpoint with who may ask; the router,
// the guard, `Allow`, CORS and the OpenAPI document all derive from it.
//
// It owns the wire: forms, JSON, headers, and the only two places where a
// domain.Code becomes an HTTP status. It owns no rule: lengths, formats and
// permissions are the domain's, and what is absent there is null here.
package rest
