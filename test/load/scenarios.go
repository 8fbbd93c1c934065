package main

import (
	"context"

	"github.com/keystone-auth/keystone/test/load/fire"
)

// scenario is one kind of load and what it is compared with.
type scenario struct {
	name  string
	title string
	goal  float64 // least ratio; zero: none was set
	sql   float64 // most statements a request; negative: no limit was set
	redis float64 // most commands a request

	concurrency []int   // instead of the usual ones
	slow        float64 // how many times longer its rounds are

	// sample is a request as Keystone gets it; its answer, which holds contains,
	// is what the ceiling answers too.
	sample   func(ctx context.Context, d *deployment) (fire.Message, error)
	contains string
	// visitors gives n clients of Keystone; nil: all ask the sample.
	visitors func(ctx context.Context, d *deployment, n int) ([]fire.Visitor, error)

	path    string // of the ceiling, which its clients ask the sample
	against string // what that is
	// top gives n clients of the ceiling who do not all ask the sample.
	top func(h *harness, n int) []fire.Visitor
	// alone is the ceiling where that is no server.
	alone func() (func(context.Context) error, error)

	algorithm string // of access tokens, on a Keystone of its own; empty: the default
	// beside gives who asks at the same time: of Keystone, and of the ceiling.
	beside func(h *harness, d *deployment) (keystone, ceiling []fire.Visitor)
}

// noLimit is for costs without a goal.
const noLimit = -1

// leased is what limits taken in advance may cost a request (docs/performance.md).
const leased = 0.02

const bare = "bare Echo"

var scenarios = []scenario{
	{
		name: "discovery", title: "discovery", goal: 0.80, path: "/bare/discovery", against: bare,
		sample: always(fire.Message{Path: discoveryPath}), contains: `"issuer"`,
	},
	{
		name: "jwks", title: "JWKS", goal: 0.80, path: "/bare/jwks", against: bare,
		sample: always(fire.Message{Path: jwksPath}), contains: `"keys"`,
	},
	{
		name: "me", title: "GET /users/me", goal: 0.50, redis: leased, path: "/bare/me", against: bare,
		sample: me, contains: `"username":"`,
	},
	{
		name: "introspect", title: "introspection, one token", goal: 0.50, redis: leased, path: "/bare/introspect", against: bare,
		sample: introspectOne, contains: `"active":true`,
	},
	{
		name: "introspect-many", title: "introspection, 10 000 tokens", goal: 0.40, redis: leased, path: "/bare/introspect-many", against: bare,
		sample: introspectOne, contains: `"active":true`, visitors: introspectMany,
	},
	{
		name: "check", title: "permission check", goal: 0.50, redis: leased, path: "/bare/check", against: bare,
		sample: check, contains: `"allowed":true`,
	},
	{
		name: "client-credentials", title: "client_credentials ES256", goal: 0.50, redis: leased, path: "/signer/ES256", against: "Echo + ES256 signer",
		sample: clientCredentials, contains: `"access_token"`,
	},
	{
		name: "refresh", title: "refresh rotation", goal: 0.60, sql: 1, redis: noLimit, slow: 1.5, path: "/statement/refresh", against: "Echo + one durable statement",
		sample: refreshOnce, contains: `"refresh_token"`, visitors: refreshChains,
	},
	{
		name: "client-credentials-eddsa", title: "client_credentials EdDSA", redis: leased, path: "/signer/EdDSA", against: "Echo + EdDSA signer",
		sample: clientCredentials, contains: `"access_token"`, algorithm: "EdDSA",
	},
	{
		name: "client-credentials-hs256", title: "client_credentials HS256", redis: leased, path: "/signer/HS256", against: "Echo + HS256 signer",
		sample: clientCredentials, contains: `"access_token"`, algorithm: "HS256",
	},
	{
		name: "client-credentials-rs256", title: "client_credentials RS256", goal: 0.80, redis: leased, against: "RS256 signer alone", alone: signerAlone("RS256"),
		sample: clientCredentials, contains: `"access_token"`, algorithm: "RS256",
	},
	{
		name: "login", title: "password login", goal: 0.85, sql: 6, redis: noLimit, slow: 3, concurrency: []int{2, 16}, path: "/hasher", against: "Echo + hasher",
		sample: loginOnce, contains: `"refresh_token"`, visitors: logins,
	},
	{
		name: "mixed", title: "mixed: 80 % validate, 15 % refresh, 5 % log in", sql: noLimit, redis: noLimit, slow: 2, against: "the same of the ceilings",
		sample: me, visitors: mixed, top: mixedTop,
	},
	{
		name: "list", title: "admin list, 20 of all users", sql: noLimit, redis: noLimit, path: "/bare/list", against: bare,
		sample: listUsers, contains: `"next_cursor":"`,
	},
	{
		name: "storm", title: "validation while 200 clients log in", goal: 0.50, sql: noLimit, redis: noLimit, slow: 3, concurrency: []int{16},
		path: "/bare/me", against: "bare Echo beside a hasher",
		sample: me, contains: `"username":"`, beside: storm,
	},
}
