package contract_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
	"github.com/keystone-auth/keystone/test/contract"
)

// wrongKept are the stores that are wrong about what the installation keeps.
var wrongKept = map[string]suite{
	"Signals": {run: contract.RunSignals, faults: []fault{
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
		{what: "wants signals", wrap: inUnits(func(r *outbound.Repositories) { r.Signals = demandingSignals{r.Signals} }), fails: "none is no signal"},
		{what: "passes over the mark", wrap: func(s *contract.Store) {
			next := s.Signals
			s.Signals = signalLog{next, func(ctx context.Context, _ time.Time) ([]token.Signal, time.Time, error) {
				return next.Since(ctx, time.Time{})
			}, next.Prune}
		}, fails: "a mark ahead of all gives none"},
		commits("an undone unit of work signals nothing"),
		{what: "prunes nothing", wrap: pruning(func(context.Context, time.Time, int) (int, error) { return 0, nil }), fails: "pruning deletes"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			next := s.Signals
			s.Signals = signalLog{next, func(ctx context.Context, mark time.Time) ([]token.Signal, time.Time, error) {
				return next.Since(context.WithoutCancel(ctx), mark)
			}, next.Prune}
		}, fails: "an ended context"},
	}},
	"Vault": {run: contract.RunVault, faults: []fault{
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
		{what: "replaces what is not there", wrap: func(s *contract.Store) { s.Vault = carelessVault{s.Vault} }, fails: "no canary to replace"},
		{what: "replaces nothing", sql: losesChanges("vault"), fails: "a replaced canary is the one from then on"},
		{what: "does not hear of an end", wrap: vaults(func(next outbound.Vault, ctx context.Context, name string, proposed []byte) ([]byte, error) {
			return next.Keep(context.WithoutCancel(ctx), name, proposed)
		}), fails: "an ended context"},
	}},
	"Events": {run: contract.RunEvents, faults: slices.Concat(spoilt("events", "an event comes back as it was", "reason", "actor_name", "subject_name"), []fault{
		{what: "stores nothing", sql: losesNew("events"), fails: "an event comes back"},
		{what: "wants events", wrap: inUnits(func(r *outbound.Repositories) { r.Events = demandingEvents{r.Events} }), fails: "none is no event"},
		commits("an undone unit of work leaves no event"),
	})},
	"AuditLog": {run: contract.RunAudit, faults: slices.Concat(spoilt("events", "its origin", "address", "user_agent", "request_id"), []fault{
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
	"UserList": {run: contract.RunUserList, faults: []fault{
		{what: "passes over activity", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.IsActive = nil }), fails: "filters/disabled"},
		{what: "passes over verification", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.IsVerified = nil }), fails: "filters/unverified"},
		{what: "passes over roles", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.Role = "" }), fails: "filters/of a role"},
		{what: "passes over age", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.CreatedAfter = time.Time{} }), fails: "filters/created after"},
		{what: "begins anew", wrap: listing(func(_ *outbound.UserFilter, page *domain.Page) { page.After = "" }), fails: "a key of no list"},
		{what: "passes over text", wrap: listing(func(f *outbound.UserFilter, _ *domain.Page) { f.Text = "" }), fails: "text/two fields"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) { s.UserList = deafList{s.UserList} }, fails: "an ended context"},
		{what: "searches nothing", sql: spoils("users", "search", "'x'"), fails: "what was renamed is found"},
		{what: "lists a field less", sql: spoils("users", "bio", "''"), fails: "a listed user leaves no field out"},
	}},
	"Scopes": {run: contract.RunScopes, faults: []fault{
		{what: "spoils descriptions", sql: spoils("scopes", "description", "'x'"), fails: "a scope comes back as it was"},
		{what: "has lost a built-in scope", sql: "DELETE FROM role_scopes; DELETE FROM scopes WHERE name = 'read:users'", fails: "the built-in scopes are there"},
		breaksDown("what is not there is KindNotFound"),
		swallows("a taken name is CodeConflict", domain.CodeConflict),
	}},
	"Access": {run: contract.RunAccess, faults: []fault{
		{what: "spoils descriptions of roles", sql: spoils("roles", "description", "'x'"), fails: "roles are found and listed"},
		{what: "spoils descriptions of scopes", sql: spoils("scopes", "description", "'x'"), fails: "scopes are found and listed"},
		swallows("a scope that is granted as it is deleted", domain.CodeInUse, domain.CodeUnknownScope),
		{what: "deletes no roles", sql: keepsDeleted("roles"), fails: "deleting/a role leaves its users"},
		{what: "deletes no clients", sql: keepsDeleted("service_clients"), fails: "deleting/a client goes with its links"},
		{what: "changes no scopes", sql: losesChanges("scopes"), fails: "changing a scope"},
		{what: "lets go of scopes in use", sql: losesNew("role_scopes"), fails: "deleting/a scope that a role holds stays"},
	}},
	"Lockouts": {run: contract.RunLockouts, faults: append(wrongBeginnings, []fault{
		{what: "stores nothing", sql: losesNew("lockouts"), fails: "what is swapped in comes back"},
		{what: "forgets the lock", sql: spoils("lockouts", "locked_until", "NULL"), fails: "what is swapped in comes back"},
		{what: "counts no version up", sql: spoils("lockouts", "version", "1"), fails: "one version up"},
		{what: "swaps always", wrap: lockouts(func(l *wrongLockouts) {
			l.swap = func(ctx context.Context, next user.Lockout) (bool, error) {
				_, err := l.Lockouts.Swap(ctx, next)
				return err == nil, err
			}
		}), fails: "another version than the stored one changes nothing"},
		{what: "compares first and swaps later", wrap: lockouts(func(l *wrongLockouts) {
			l.swap = func(ctx context.Context, next user.Lockout) (bool, error) {
				if stored, err := l.Lockouts.Get(ctx, next.Snapshot().Key); err != nil || stored.Snapshot().Version != next.Snapshot().Version {
					return false, err
				}
				time.Sleep(time.Millisecond)
				_, err := l.Lockouts.Swap(ctx, next)
				return err == nil, err
			}
		}), fails: "none is lost"},
		{what: "folds keys", wrap: lockouts(func(l *wrongLockouts) {
			l.swap = func(ctx context.Context, next user.Lockout) (bool, error) {
				s := next.Snapshot()
				s.Key = strings.ToLower(s.Key)
				return l.Lockouts.Swap(ctx, user.RehydrateLockout(s))
			}
		}), fails: "keys are kept apart"},
		{what: "tells times of another zone", wrap: lockouts(func(l *wrongLockouts) {
			l.get = func(ctx context.Context, key string) (user.Lockout, error) {
				found, err := l.Lockouts.Get(ctx, key)
				s := found.Snapshot()
				s.UpdatedAt = s.UpdatedAt.In(elsewhere)
				return user.RehydrateLockout(s), err
			}
		}), fails: "comes back"},
		{what: "takes a new key for absence", wrap: lockouts(func(l *wrongLockouts) {
			l.get = func(ctx context.Context, key string) (user.Lockout, error) {
				found, err := l.Lockouts.Get(ctx, key)
				if err == nil && found.Snapshot().Version == 0 {
					err = domain.NotFound("lockout")
				}
				return found, err
			}
		}), fails: "a key without one gives a new one"},
		{what: "fails where it does not swap", wrap: lockouts(func(l *wrongLockouts) {
			l.swap = func(ctx context.Context, next user.Lockout) (bool, error) {
				swapped, err := l.Lockouts.Swap(ctx, next)
				if err == nil && !swapped {
					err = domain.Conflict(domain.CodeConflict, "another was first")
				}
				return swapped, err
			}
		}), fails: "a swap that did not happen lets the unit of work go on"},
		commits("an undone unit of work stores nothing"),
		{what: "does not hear of an end", wrap: func(s *contract.Store) {
			lockouts(func(l *wrongLockouts) {
				l.get = func(ctx context.Context, key string) (user.Lockout, error) {
					return l.Lockouts.Get(context.WithoutCancel(ctx), key)
				}
			})(s)
			units(func(inner outbound.UnitOfWork, ctx context.Context, w work) error {
				return inner.Do(context.WithoutCancel(ctx), w)
			})(s)
		}, fails: "an ended context"},
	}...)},
	"Passwords": {run: contract.RunPasswords, faults: []fault{
		{what: "stores nothing", sql: losesNew("password_history"), fails: "the newest are given"},
		{what: "makes one up", wrap: func(s *contract.Store) {
			next := s.History
			s.History = historyFunc(func(ctx context.Context, id domain.ID, limit int) ([]string, error) {
				hashes, err := next.Recent(ctx, id, limit)
				if len(hashes) == 0 {
					hashes = []string{"x"}
				}
				return hashes, err
			})
		}, fails: "none"},
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
	"Settings": {run: contract.RunSettings, faults: []fault{
		{what: "stores nothing", sql: losesNew("settings"), fails: "what is set comes back"},
		{what: "loses changes", sql: losesChanges("settings"), fails: "what is set comes back"},
		{what: "loses events", sql: losesNew("events"), fails: "with its events"},
		{what: "lets the last write win", wrap: inUnits(func(r *outbound.Repositories) { r.Settings = careworn{r.Settings} }), fails: "a save over another's is a conflict"},
		commits("an undone unit of work sets nothing"),
		{what: "begins without a version", wrap: func(s *contract.Store) { s.Settings = unversioned{s.Settings} }, fails: "none are version 1"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) { s.Settings = deafSettings{s.Settings} }, fails: "an ended context"},
	}},
	"Statistics": {run: contract.RunStatistics, faults: []fault{
		{what: "counts one too many", wrap: counting(func(s *domain.Statistics) { s.ActiveUsers = s.Users }), fails: "users and living sessions"},
		{what: "gives the hours backwards", wrap: counting(func(s *domain.Statistics) { slices.Reverse(s.Hours) }), fails: "hours without logins"},
		{what: "counts no failures", wrap: counting(func(s *domain.Statistics) {
			for i := range s.Hours {
				s.Hours[i].Failures = 0
			}
		}), fails: "logins are counted by hour"},
		{what: "tells times of another zone", wrap: counting(func(s *domain.Statistics) {
			for i := range s.Hours {
				s.Hours[i].Start = s.Hours[i].Start.In(elsewhere)
			}
		}), fails: "hours without logins"},
		{what: "tells three hours", wrap: countingAt(func(ctx context.Context, _ int) (context.Context, int) { return ctx, 3 }), fails: "as many hours as asked for"},
		{what: "does not hear of an end", wrap: countingAt(func(ctx context.Context, hours int) (context.Context, int) {
			return context.WithoutCancel(ctx), hours
		}), fails: "an ended context"},
	}},
	"ClientUsage": {run: contract.RunClientUsage, faults: []fault{
		{what: "records nothing", sql: losesChanges("service_clients"), fails: "the use of those that are known"},
		{what: "goes back", sql: spoils("service_clients", "last_used_at", "'2026-03-14 09:00:00+00:00'"), fails: "an older use changes nothing"},
		{what: "counts a version up", sql: "CREATE TRIGGER moved AFTER UPDATE OF last_used_at ON service_clients BEGIN UPDATE service_clients SET version = new.version + 1 WHERE id = new.id; END",
			fails: "leave each other alone"},
		{what: "gives pages backwards", wrap: func(s *contract.Store) { s.Usage = backwards{s.Usage} }, fails: "clients are listed as they are"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) { s.Usage = deafUsage{s.Usage} }, fails: "an ended context"},
	}},
	"AuditSeals": {run: contract.RunSeals, faults: []fault{
		{what: "stores nothing", sql: losesNew("audit_seals"), fails: "seals come back as they were"},
		{what: "spoils the proof", sql: spoils("audit_seals", "mac", "x'00'"), fails: "seals come back as they were"},
		{what: "sweeps nothing", sql: keepsDeleted("events"), fails: "a sweep deletes"},
		{what: "cuts nothing", sql: keepsDeleted("audit_seals"), fails: "a cut leaves the checkpoint"},
		{what: "gives the newest first", wrap: sealing(slices.Reverse[[]domain.StoredRecord]), fails: "records come by place"},
		{what: "does not hear of an end", wrap: sealing(func([]domain.StoredRecord) {}), fails: "an ended context"},
	}},
	"Housekeeping": {run: contract.RunHousekeeping, faults: []fault{
		{what: "keeps sessions", sql: keepsDeleted("sessions"), fails: "sessions that are over go"},
		{what: "keeps tokens", sql: keepsDeleted("refresh_tokens"), fails: "sessions that are over go"},
		{what: "keeps registrations", sql: keepsDeleted("pending_registrations"), fails: "pending registrations that expired go"},
		{what: "keeps lockouts", sql: keepsDeleted("lockouts"), fails: "lockouts go"},
		{what: "keeps keys", sql: keepsDeleted("signing_keys"), fails: "keys that are no longer trusted go"},
		{what: "keeps tickets", sql: keepsDeleted("tickets"), fails: "tickets that expired go"},
		{what: "does not hear of an end", wrap: func(s *contract.Store) { s.Housekeeping = deafHousekeeping{s.Housekeeping} }, fails: "an ended context"},
	}},
}
