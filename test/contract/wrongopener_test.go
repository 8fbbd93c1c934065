package contract_test

import (
	"context"
	"slices"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

type openerFunc func(context.Context, outbound.Opening) error

func (f openerFunc) Open(ctx context.Context, o outbound.Opening) error { return f(ctx, o) }

func opening(open func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error) func(*contract.Store) {
	return func(s *contract.Store) {
		next := s.Opener
		s.Opener = openerFunc(func(ctx context.Context, o outbound.Opening) error { return open(next, ctx, o) })
	}
}

// free copies a table without its constraints.
func free(table string) string {
	return "PRAGMA foreign_keys = OFF; CREATE TABLE freed AS SELECT * FROM " + table + "; DROP TABLE " + table + "; ALTER TABLE freed RENAME TO " + table
}

// wrongOpeners are the stores that are wrong about logins.
var wrongOpeners = suite{run: contract.RunOpener, faults: slices.Concat(
	spoilt("sessions", "a login with a refresh token", "address", "user_agent"),
	spoilt("refresh_tokens", "a login with a refresh token", "client_id"), []fault{
		{what: "stores no session", sql: losesNew("sessions"), fails: "behaviour/without one"},
		{what: "stores no refresh token", sql: losesNew("refresh_tokens"), fails: "a login with a refresh token"},
		{what: "forgets when the user logged in", sql: losesChanges("users"), fails: "a login with a refresh token"},
		{what: "loses events", sql: losesNew("events"), fails: "all of 8 logins at once are kept"},
		{what: "tells nobody", wrap: opening(func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error {
			o.Signals = nil
			return next.Open(ctx, o)
		}), fails: "that several things follow from"},
		{what: "tells one thing", wrap: opening(func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error {
			o.Signals = o.Signals[:min(1, len(o.Signals))]
			return next.Open(ctx, o)
		}), fails: "that several things follow from"},
		{what: "keeps the old hash", wrap: opening(func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error {
			o.Rehashed = false
			return next.Open(ctx, o)
		}), fails: "with a hash made anew"},
		{what: "lets one login stand against the other", sql: "CREATE TRIGGER moved AFTER UPDATE ON users BEGIN UPDATE users SET version = new.version + 1 WHERE id = new.id; END",
			fails: "bookkeeping since does not stand against it"},
		{what: "does not hear of an end", wrap: opening(func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error {
			return next.Open(context.WithoutCancel(ctx), o)
		}), fails: "an ended context is an error and opens nothing"},
		{what: "takes a digest twice", sql: free("refresh_tokens"), fails: "a taken refresh token undoes all"},
		{what: "swallows refusals", wrap: opening(func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error {
			return except(next.Open(ctx, o), domain.CodeVersion)
		}), fails: "the password was changed"},
		{what: "says another conflict", wrap: opening(func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error {
			if err := next.Open(ctx, o); !domain.HasCode(err, domain.CodeVersion) {
				return err
			}
			return domain.NotFound("user")
		}), fails: "the account was deleted"},
		{what: "lets in by the old password", wrap: opening(func(next outbound.SessionOpener, ctx context.Context, o outbound.Opening) error {
			return except(next.Open(ctx, o), domain.CodeVersion)
		}), fails: "a changed password wins once and for all"},
	})}
