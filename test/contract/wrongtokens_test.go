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

// wrongTokens are the stores that are wrong about what carries access and
// about what the installation keeps.
var wrongTokens = map[string]suite{
	"Tickets": {contract.RunTickets, slices.Concat(spoilt("tickets", "a ticket comes back", "digest", "data"), []fault{
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
	"Sessions": {contract.RunSessions, slices.Concat(spoilt("sessions", "session comes back as it was", "address", "user_agent"), []fault{
		{what: "loses endings", sql: losesChanges("sessions"), fails: "ending one revokes its refresh tokens"},
		{what: "revokes no tokens", sql: losesChanges("refresh_tokens"), fails: "ending one revokes its refresh tokens"},
		{what: "revokes all tokens", sql: "CREATE TRIGGER all_of_them AFTER UPDATE ON sessions BEGIN UPDATE refresh_tokens SET is_revoked = 1; END", fails: "saving a living one revokes nothing"},
		{what: "gives the oldest first", wrap: inUnits(func(r *outbound.Repositories) { r.Sessions = reversed{r.Sessions} }), fails: "the living ones of a user are given, newest first"},
		{what: "ends nothing through a client", wrap: inUnits(func(r *outbound.Repositories) { r.Sessions = unending{r.Sessions} }), fails: "those through one client end together"},
		{what: "loses events", sql: losesNew("events"), fails: "each ends once"},
		{what: "forgets why", sql: spoils("sessions", "end_reason", "''"), fails: "an ended session comes back"},
	})},
	"SessionList": {contract.RunSessionList, []fault{
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
	"RefreshTokens": {contract.RunRefreshTokens, slices.Concat(spoilt("refresh_tokens", "a token with every field", "client_id", "successor_key"), []fault{
		{what: "loses use", sql: losesChanges("refresh_tokens"), fails: "saving stores that it was used"},
		{what: "loses revocation", sql: spoils("refresh_tokens", "is_revoked", "0"), fails: "saving stores that it was revoked"},
		{what: "forgets when", sql: spoils("refresh_tokens", "used_at", "NULL"), fails: "a token with every field"},
		{what: "takes a digest twice", wrap: inUnits(func(r *outbound.Repositories) { r.RefreshTokens = doubling{r.RefreshTokens} }), fails: "one digest: one winner"},
		{what: "lets many spend one", sql: spoils("refresh_tokens", "is_used", "0"), fails: "spend one token: one winner"},
	})},
	"RefreshSpender": {contract.RunSpender, []fault{
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
		{what: "outlives the session", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			spent, err := next.Spend(ctx, s)
			spent.ExpiresAt = s.Now.Add(s.TTL).UTC()
			return spent, err
		}), fails: "the successor ends with the session at the latest"},
		{what: "tells times of another zone", wrap: spending(func(next outbound.RefreshSpender, ctx context.Context, s outbound.Spending) (outbound.Spent, error) {
			spent, err := next.Spend(ctx, s)
			spent.ExpiresAt = spent.ExpiresAt.In(elsewhere)
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
	"SigningKeys": {contract.RunSigningKeys, []fault{
		{what: "stores nothing", sql: losesNew("signing_keys"), fails: "a key comes back"},
		{what: "loses changes", sql: losesChanges("signing_keys"), fails: "the life of a key"},
		{what: "spoils what is sealed", sql: spoils("signing_keys", "sealed", "x'00'"), fails: "a key comes back"},
		{what: "gives the newest first", wrap: keys(func(all []*token.SigningKey) { slices.Reverse(all) }), fails: "keys come oldest first"},
		{what: "loses events", sql: losesNew("events"), fails: "is stored with its events"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			next := s.Keys
			s.Keys = keysFunc(func(ctx context.Context) ([]*token.SigningKey, error) { return next.Keys(context.WithoutCancel(ctx)) })
		}, fails: "an ended context"},
	}},
	"Signals": {contract.RunSignals, []fault{
		{what: "stores nothing", sql: losesNew("signals"), fails: "a signal comes back"},
		{what: "spoils subjects", sql: spoils("signals", "subject", "'x'"), fails: "a signal comes back"},
		{what: "gives the newest first", wrap: since(func(signals []token.Signal, next, _ time.Time) ([]token.Signal, time.Time) {
			slices.Reverse(signals)
			return signals, next
		}), fails: "signals come oldest first"},
		{what: "looks back nowhere", wrap: func(s *contract.Store) {
			next := s.Signals
			s.Signals = signalLog{next, func(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
				if !mark.IsZero() {
					mark = mark.Add(5 * time.Second)
				}
				return next.Since(ctx, mark)
			}, next.Prune}
		}, fails: "to a mark taken before"},
		{what: "stands still", wrap: since(func(signals []token.Signal, next, mark time.Time) ([]token.Signal, time.Time) { return signals, mark }), fails: "the mark moves on"},
		{what: "prunes nothing", wrap: pruning(func(context.Context, time.Time, int) (int, error) { return 0, nil }), fails: "pruning deletes"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			next := s.Signals
			s.Signals = signalLog{next, func(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
				return next.Since(context.WithoutCancel(ctx), mark)
			}, next.Prune}
		}, fails: "an ended context"},
	}},
	"Vault": {contract.RunVault, []fault{
		{what: "takes every proposal", wrap: vaults(func(next outbound.Vault, ctx context.Context, name string, proposed []byte) ([]byte, error) {
			if _, err := next.Keep(ctx, name, proposed); err != nil {
				return nil, err
			}
			return proposed, nil
		}), fails: "the stored canary stays"},
		{what: "lets each have their own", wrap: vaults(func(_ outbound.Vault, _ context.Context, _ string, proposed []byte) ([]byte, error) {
			return proposed, nil
		}), fails: "whose canary all get"},
		{what: "knows one name", wrap: vaults(func(next outbound.Vault, ctx context.Context, _ string, proposed []byte) ([]byte, error) {
			return next.Keep(ctx, "x", proposed)
		}), fails: "names are kept apart"},
		{what: "replaces nothing", sql: losesChanges("vault"), fails: "a replaced canary is the one from then on"},
		{what: "does not hear of an end", wrap: vaults(func(next outbound.Vault, ctx context.Context, name string, proposed []byte) ([]byte, error) {
			return next.Keep(context.WithoutCancel(ctx), name, proposed)
		}), fails: "an ended context"},
	}},
	"Events": {contract.RunEvents, slices.Concat(spoilt("events", "an event comes back as it was", "reason", "actor_name", "subject_name"), []fault{
		{what: "stores nothing", sql: losesNew("events"), fails: "an event comes back"},
	})},
	"AuditLog": {contract.RunAudit, slices.Concat(spoilt("events", "its origin", "address", "user_agent", "request_id"), []fault{
		{what: "picks no actor", wrap: finding(func(f *domain.AuditFilter, _ *domain.Page) { f.Actor = "" }), fails: "filter by actor"},
		{what: "picks no subject", wrap: finding(func(f *domain.AuditFilter, _ *domain.Page) { f.Subject = "" }), fails: "filter by subject"},
		{what: "picks no type", wrap: finding(func(f *domain.AuditFilter, _ *domain.Page) { f.Type = "" }), fails: "filter by type"},
		{what: "picks no outcome", wrap: finding(func(f *domain.AuditFilter, _ *domain.Page) { f.Outcome = "" }), fails: "filter by outcome"},
		{what: "picks from the first", wrap: finding(func(f *domain.AuditFilter, _ *domain.Page) { f.From = time.Time{} }), fails: "filter by from, inclusive"},
		{what: "picks after from", wrap: finding(func(f *domain.AuditFilter, _ *domain.Page) {
			if !f.From.IsZero() {
				f.From = f.From.Add(time.Microsecond)
			}
		}), fails: "filter by from, inclusive"},
		{what: "picks what is at to", wrap: finding(func(f *domain.AuditFilter, _ *domain.Page) {
			if !f.To.IsZero() {
				f.To = f.To.Add(time.Microsecond)
			}
		}), fails: "filter by to, exclusive"},
		{what: "begins anew", wrap: finding(func(_ *domain.AuditFilter, page *domain.Page) { page.After = "" }), fails: "no cursor"},
		{what: "gives more than asked for", wrap: finding(func(_ *domain.AuditFilter, page *domain.Page) { page.Limit++ }), fails: "pages of"},
		{what: "gives the oldest first", wrap: func(s *contract.Store) { s.Audit = oldestFirst{s.Audit} }, fails: "pages of"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) { s.Audit = deafLog{s.Audit} }, fails: "an ended context"},
	})},
	"UserList": {contract.RunUserList, []fault{
		{what: "passes over activity", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.IsActive = nil }), fails: "filters/disabled"},
		{what: "passes over verification", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.IsVerified = nil }), fails: "filters/unverified"},
		{what: "passes over roles", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.Role = "" }), fails: "filters/of a role"},
		{what: "passes over age", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.CreatedAfter = time.Time{} }), fails: "filters/created after"},
		{what: "begins anew", wrap: listing(func(_ *outbound.UserFilter, page *domain.Page) { page.After = "" }), fails: "a key of no list"},
		{what: "searches nothing", sql: spoils("users", "search", "'x'"), fails: "what was renamed is found"},
		{what: "lists a field less", sql: spoils("users", "bio", "''"), fails: "a listed user leaves no field out"},
	}},
	"Scopes": {contract.RunScopes, []fault{
		{what: "spoils descriptions", sql: spoils("scopes", "description", "'x'"), fails: "a scope comes back as it was"},
		{what: "has lost a built-in scope", sql: "DELETE FROM role_scopes; DELETE FROM scopes WHERE name = 'read:users'", fails: "the built-in scopes are there"},
	}},
	"Access": {contract.RunAccess, []fault{
		{what: "deletes no roles", sql: keepsDeleted("roles"), fails: "deleting/a role leaves its users"},
		{what: "deletes no clients", sql: keepsDeleted("service_clients"), fails: "deleting/a client goes with its links"},
		{what: "changes no scopes", sql: losesChanges("scopes"), fails: "changing a scope"},
		{what: "lets go of scopes in use", sql: losesNew("role_scopes"), fails: "deleting/a scope that a role holds stays"},
	}},
	"Lockouts": {contract.RunLockouts, []fault{
		{what: "stores nothing", sql: losesNew("lockouts"), fails: "what is swapped in comes back"},
		{what: "forgets the lock", sql: spoils("lockouts", "locked_until", "NULL"), fails: "what is swapped in comes back"},
		{what: "swaps always", wrap: inUnits(func(r *outbound.Repositories) { r.Lockouts = boasting{r.Lockouts} }), fails: "another version than the stored one changes nothing"},
	}},
	"Passwords": {contract.RunPasswords, []fault{
		{what: "stores nothing", sql: losesNew("password_history"), fails: "the newest are given"},
		{what: "drops nothing", sql: keepsDeleted("password_history"), fails: "no more are kept than asked for"},
		{what: "gives the oldest first", wrap: func(s *contract.Store) {
			next := s.History
			s.History = historyFunc(func(ctx context.Context, id domain.ID, limit int) ([]string, error) {
				hashes, err := next.Recent(ctx, id, limit)
				slices.Reverse(hashes)
				return hashes, err
			})
		}, fails: "newest first"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			next := s.History
			s.History = historyFunc(func(ctx context.Context, id domain.ID, limit int) ([]string, error) {
				return next.Recent(context.WithoutCancel(ctx), id, limit)
			})
		}, fails: "an ended context"},
	}},
	"Settings": {contract.RunSettings, []fault{
		{what: "stores nothing", sql: losesNew("settings"), fails: "what is set comes back"},
		{what: "loses changes", sql: losesChanges("settings"), fails: "what is set comes back"},
		{what: "loses events", sql: losesNew("events"), fails: "with its events"},
		{what: "lets the last write win", wrap: inUnits(func(r *outbound.Repositories) { r.Settings = careworn{r.Settings} }), fails: "a save over another's is a conflict"},
	}},
	"Statistics": {contract.RunStatistics, []fault{
		{what: "counts one too many", wrap: counting(func(s *domain.Statistics) { s.ActiveUsers = s.Users }), fails: ""},
		{what: "gives the hours backwards", wrap: counting(func(s *domain.Statistics) { slices.Reverse(s.Hours) }), fails: ""},
		{what: "tells times of another zone", wrap: counting(func(s *domain.Statistics) {
			for i := range s.Hours {
				s.Hours[i].Start = s.Hours[i].Start.In(elsewhere)
			}
		}), fails: ""},
	}},
	"ClientUsage": {contract.RunClientUsage, []fault{
		{what: "records nothing", sql: losesChanges("service_clients"), fails: ""},
		{what: "goes back", sql: spoils("service_clients", "last_used_at", "'2026-03-14 09:00:00+00:00'"), fails: ""},
	}},
	"AuditSeals": {contract.RunSeals, []fault{
		{what: "stores nothing", sql: losesNew("audit_seals"), fails: "seals come back as they were"},
		{what: "spoils the proof", sql: spoils("audit_seals", "mac", "x'00'"), fails: "seals come back as they were"},
		{what: "sweeps nothing", sql: keepsDeleted("events"), fails: "a sweep deletes"},
		{what: "cuts nothing", sql: keepsDeleted("audit_seals"), fails: "a cut leaves the checkpoint"},
	}},
	"Housekeeping": {contract.RunHousekeeping, []fault{
		{what: "keeps sessions", sql: keepsDeleted("sessions"), fails: "sessions that are over go"},
		{what: "keeps tokens", sql: keepsDeleted("refresh_tokens"), fails: "sessions that are over go"},
		{what: "keeps registrations", sql: keepsDeleted("pending_registrations"), fails: "pending registrations that expired go"},
		{what: "keeps lockouts", sql: keepsDeleted("lockouts"), fails: "lockouts go"},
		{what: "keeps keys", sql: keepsDeleted("signing_keys"), fails: "keys that are no longer trusted go"},
		{what: "keeps tickets", sql: keepsDeleted("tickets"), fails: "tickets that expired go"},
	}},
}
