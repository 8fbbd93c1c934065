package contract_test

import (
	"context"
	"slices"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongTokens are the stores that are wrong about what carries access.
var wrongTokens = map[string]suite{
	"Tickets": {run: contract.RunTickets, faults: slices.Concat(spoilt("tickets", "a ticket comes back", "digest", "data"), []fault{
		{what: "stores nothing", sql: losesNew("tickets"), fails: "a ticket comes back"},
		{what: "loses tries", sql: losesChanges("tickets"), fails: "a try that is refused is kept"},
		{what: "counts no tries", sql: spoils("tickets", "tries", "0"), fails: "each wrong try counts"},
		{what: "lets many spend one", wrap: inUnits(func(r *outbound.Repositories) { r.Tickets = undeleted{r.Tickets} }), fails: "of many who try to spend it one does"},
		{what: "adds over another", wrap: inUnits(func(r *outbound.Repositories) { r.Tickets = adding{r.Tickets} }), fails: "of many who add one, one does"},
		{what: "adds again", wrap: inUnits(func(r *outbound.Repositories) { r.Tickets = adding{r.Tickets} }), fails: "what was added is not added again"},
		{what: "passes over what is gone", wrap: inUnits(func(r *outbound.Repositories) { r.Tickets = careless{r.Tickets} }), fails: "one that is not there/save"},
		{what: "deletes what is gone", wrap: inUnits(func(r *outbound.Repositories) { r.Tickets = careless{r.Tickets} }), fails: "one that is not there/delete"},
		{what: "gives what expired to nobody", wrap: inUnits(func(r *outbound.Repositories) { r.Tickets = unexpired{r.Tickets} }), fails: "expired or not"},
	})},
	"Sessions": {run: contract.RunSessions, faults: slices.Concat(spoilt("sessions", "session comes back as it was", "address", "user_agent"), []fault{
		{what: "loses endings", sql: losesChanges("sessions"), fails: "ending one revokes its refresh tokens"},
		{what: "revokes no tokens", sql: losesChanges("refresh_tokens"), fails: "ending one revokes its refresh tokens"},
		{what: "revokes all tokens", sql: "CREATE TRIGGER all_of_them AFTER UPDATE ON sessions BEGIN UPDATE refresh_tokens SET is_revoked = 1; END", fails: "saving a living one revokes nothing"},
		{what: "gives the oldest first", wrap: inUnits(func(r *outbound.Repositories) { r.Sessions = reversed{r.Sessions} }), fails: "the living ones of a user are given, newest first"},
		{what: "ends nothing through a client", wrap: inUnits(func(r *outbound.Repositories) { r.Sessions = unending{r.Sessions} }), fails: "those through one client end together"},
		{what: "loses events", sql: losesNew("events"), fails: "each ends once"},
		{what: "forgets why", sql: spoils("sessions", "end_reason", "''"), fails: "an ended session comes back"},
		breaksDown("what is not there is KindNotFound"),
	}), spared: map[string]string{"behaviour/the ended session leaves no field out": ofItself}},
	"SessionList": {run: contract.RunSessionList, faults: []fault{
		{what: "gives the oldest first", wrap: alive(func(l *domain.Listing[outbound.LivingSession]) { slices.Reverse(l.Items) }), fails: "newest first"},
		{what: "knows no last use", wrap: alive(func(l *domain.Listing[outbound.LivingSession]) {
			for i := range l.Items {
				l.Items[i].LastUsedAt = time.Time{}
			}
		}), fails: "with their last use"},
		{what: "has one page", wrap: alive(func(l *domain.Listing[outbound.LivingSession]) { l.Next = "" }), fails: "in parts"},
		{what: "begins anew", wrap: aliveAt(func(ctx context.Context, now time.Time, page domain.Page) (context.Context, time.Time, domain.Page) {
			page.After = ""
			return ctx, now, page
		}), fails: "a key of no list"},
		{what: "forgets that sessions expire", wrap: aliveAt(func(ctx context.Context, _ time.Time, page domain.Page) (context.Context, time.Time, domain.Page) {
			return ctx, time.Unix(0, 0), page
		}), fails: "the living ones are given"},
		{what: "does not hear of an end", wrap: aliveAt(func(ctx context.Context, now time.Time, page domain.Page) (context.Context, time.Time, domain.Page) {
			return context.WithoutCancel(ctx), now, page
		}), fails: "an ended context"},
	}},
	"RefreshTokens": {run: contract.RunRefreshTokens, faults: slices.Concat(spoilt("refresh_tokens", "a token with every field", "client_id", "successor_key"), []fault{
		{what: "loses use", sql: losesChanges("refresh_tokens"), fails: "saving stores that it was used"},
		{what: "loses revocation", sql: spoils("refresh_tokens", "is_revoked", "0"), fails: "saving stores that it was revoked"},
		{what: "forgets when", sql: spoils("refresh_tokens", "used_at", "NULL"), fails: "a token with every field"},
		{what: "takes a digest twice", wrap: inUnits(func(r *outbound.Repositories) { r.RefreshTokens = doubling{r.RefreshTokens} }), fails: "one digest: one winner"},
		{what: "lets many spend one", sql: spoils("refresh_tokens", "is_used", "0"), fails: "spend one token: one winner"},
		breaksDown("what is not there is KindNotFound"),
		{what: "keeps what it gives", wrap: remembered, fails: "what is returned or handed in is not kept"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			next := s.Refresh
			s.Refresh = refreshFunc(func(ctx context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error) {
				return next.ByDigest(context.WithoutCancel(ctx), digest)
			})
		}, fails: "an ended context"},
	}), spared: map[string]string{"behaviour/the full token leaves no field out": ofItself}},
	"RefreshSpender": {run: contract.RunSpender, faults: []fault{
		{what: "spends anything", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			spent, err := next.Spend(ctx, s)
			return spent, except(err, domain.CodeNotSpendable)
		}), fails: "spendable false"},
		{what: "spends what nobody stored", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			spent, err := next.Spend(ctx, s)
			return spent, except(err, domain.CodeNotSpendable)
		}), fails: "a token nobody stored"},
		{what: "marks nothing used", sql: spoils("refresh_tokens", "is_used", "0"), fails: "one winner"},
		{what: "stores no successor", sql: losesNew("refresh_tokens"), fails: "a spendable token gives its successor"},
		{what: "loses events", sql: losesNew("events"), fails: "a spendable token gives its successor"},
		{what: "tells of a longer session", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			spent, err := next.Spend(ctx, s)
			spent.SessionEnds = s.Now.Add(s.TTL).UTC()
			return spent, err
		}), fails: "the successor ends with the session at the latest"},
		{what: "tells times of another zone", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			spent, err := next.Spend(ctx, s)
			spent.SessionEnds = spent.SessionEnds.In(elsewhere)
			return spent, err
		}), fails: "a spendable token gives its successor"},
		{what: "forgets the scope", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			spent, err := next.Spend(ctx, s)
			spent.Scope = nil
			return spent, err
		}), fails: "a spendable token gives its successor"},
		{what: "does not hear of an end", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			return next.Spend(context.WithoutCancel(ctx), s)
		}), fails: "an ended context"},
		{what: "checks now and spends later", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			s.Now = s.Now.Add(-time.Microsecond)
			return next.Spend(ctx, s)
		}), fails: "expiring now"},
	}},
	"SigningKeys": {run: contract.RunSigningKeys, faults: []fault{
		{what: "stores nothing", sql: losesNew("signing_keys"), fails: "a key comes back"},
		{what: "loses changes", sql: losesChanges("signing_keys"), fails: "the life of a key"},
		{what: "spoils what is sealed", sql: spoils("signing_keys", "sealed", "x'00'"), fails: "a key comes back"},
		{what: "gives the newest first", wrap: keys(func(all []*token.SigningKey) { slices.Reverse(all) }), fails: "keys come oldest first"},
		{what: "loses events", sql: losesNew("events"), fails: "is stored with its events"},
		breaksDown("a key that is gone is KindNotFound"),
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			next := s.Keys
			s.Keys = keysFunc(func(ctx context.Context) ([]*token.SigningKey, error) { return next.Keys(context.WithoutCancel(ctx)) })
		}, fails: "an ended context"},
	}},
}
