package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/jobs"
	"github.com/keystone-auth/keystone/adapters/outbound/masterkey"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/adapters/outbound/tracing"
	"github.com/keystone-auth/keystone/application/operations"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// notices is where an operator is told what must not go into the log.
type notices struct {
	to   io.Writer
	json *zap.Logger // to the same, for who asked for JSON; else nil
}

func newNotices(to io.Writer, cfg *config.Config) notices {
	n := notices{to: to}
	if cfg.Log.Format == "json" {
		n.json = newLines(to, zap.InfoLevel).Named("notice")
	}
	return n
}

func (n notices) say(format string, args ...any) {
	if n.json != nil {
		n.json.Info(fmt.Sprintf(format, args...))
		return
	}
	// Nobody may be listening; the log goes on either way.
	_, _ = fmt.Fprintf(n.to, "keystone: "+format+"\n", args...)
}

// keyFile is where development keeps its master key.
const keyFile = "keystone.key"

func newMasterKey(cfg *config.Config, random outbound.Random, schema outbound.Schema, say notices) (*masterkey.MasterKey, error) {
	current := cfg.Secrets.MasterKey
	if current.Empty() {
		if err := notLost(keyFile, schema); err != nil {
			return nil, err
		}
		generated, created, err := masterkey.LoadOrCreateFile(keyFile, random)
		if err != nil {
			return nil, err
		}
		if current = generated; created {
			say.say("a master key was generated: keep ./%s (KEYSTONE_MASTER_KEY) as safe as the database", keyFile)
		}
	}
	return masterkey.New(current, cfg.Secrets.MasterKeyPrevious, random)
}

// notLost refuses to make a key for a store that had one: it would open nothing
// there. The key is always made before the schema is, so of processes that
// start at once none mistakes another's beginning for a loss.
func notLost(file string, schema outbound.Schema) error {
	absent := func() bool { _, err := os.Stat(file); return errors.Is(err, fs.ErrNotExist) }
	if !absent() {
		return nil
	}
	version, _, err := schema.Status(context.Background())
	if err != nil || version == 0 || !absent() {
		return err
	}
	return fmt.Errorf("the database was set up with a master key, and ./%s is gone: restore it, or give the key in KEYSTONE_MASTER_KEY", file)
}

// prepare brings the store to where requests can be served: the schema, proof
// of the master key, signing keys, the first superuser, the feed of signals.
func (p parts) prepare(ctx context.Context, cfg *config.Config, say notices) error {
	if _, err := p.out.Schema.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := operations.CheckMasterKey(ctx, p.out.Vault, p.out.MasterKey); err != nil {
		return err
	}
	if _, err := p.names(ctx); err != nil { // read now, or the first name of nobody takes longer
		return err
	}
	if err := p.settings.Reload(ctx); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := p.keys.Ensure(ctx); err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	if err := p.firstSuperuser(ctx, cfg, say); err != nil {
		return bootstrapProblem(err)
	}
	if err := p.feed.Start(ctx); err != nil {
		return err
	}
	p.housekeeper.Start(ctx)
	return nil
}

func (p parts) firstSuperuser(ctx context.Context, cfg *config.Config, say notices) error {
	password, generated := cfg.Bootstrap.Password, false
	if password.Empty() {
		password, generated = generatePassword(p.out.Random), true
	}
	made, err := p.accounts.EnsureFirst(ctx, registration(cfg.Bootstrap.Username, cfg.Bootstrap.Email, password))
	if err != nil || !made {
		return err
	}
	if generated {
		say.say("the first superuser is %q with the password %s (shown once)", cfg.Bootstrap.Username, password.Reveal())
	}
	return nil
}

// bootstrapProblem blames the variables that describe the first superuser for
// what the rules in force, or the accounts there are, refuse.
func bootstrapProblem(err error) error {
	e := domain.AsError(err)
	var problems config.Problems
	for _, field := range e.Fields {
		problems = append(problems, "KEYSTONE_BOOTSTRAP_ADMIN_"+strings.ToUpper(field.Name)+" "+field.Message)
	}
	switch e.Code {
	case domain.CodeUsernameTaken:
		problems = append(problems, "KEYSTONE_BOOTSTRAP_ADMIN_USERNAME belongs to an account that is no active superuser")
	case domain.CodeEmailTaken:
		problems = append(problems, "KEYSTONE_BOOTSTRAP_ADMIN_EMAIL belongs to an account that is no active superuser")
	}
	if len(problems) > 0 {
		return problems
	}
	return fmt.Errorf("first superuser: %w", err)
}

func registration(username, email string, password domain.Secret) inbound.Registration {
	return inbound.Registration{Registration: user.Registration{Username: username, Email: email}, Password: password}
}

// generatePassword gives 256 bits that any policy takes.
func generatePassword(random outbound.Random) domain.Secret {
	return user.GeneratePassword(random.Entropy())
}

func newAPI(cfg *config.Config, p parts, metrics *telemetry.Metrics, tracer *tracing.Tracer, logger *zap.Logger) (*rest.Server, error) {
	return rest.New(traceAPI(tracer, rest.Config{
		Issuer: cfg.HTTP.Issuer.String(), CORSOrigins: cfg.HTTP.CORSOrigins, TrustedProxies: cfg.HTTP.TrustedProxies,
		Version: Version(), Clock: p.out.Clock, Random: p.out.Random, Logger: logger, Observe: metrics.ObserveRequest,
	}, rest.UseCases{
		Tokens: metrics.TokenEndpoint(p.guard.TokenEndpoint(p.pipeline)), Introspector: p.guard.Introspector(p.introspect), Revoker: p.guard.Revoker(p.revoker),
		Authenticator: p.guard.Authenticator(metrics.Authenticator(p.validator)), Sessions: p.sessions, Metadata: p.ring,
		Users: p.administration, UserAccess: p.administration, OwnAccess: p.ownAccess,
		Accounts: p.guard.Accounts(p.accounts), Recovery: p.guard.Recovery(p.recovery), Addresses: p.guard.Addresses(p.addresses), Permissions: p.permissions, Roles: p.roles, Scopes: p.scopes,
		ClientAuth: p.clientAuth, Devices: p.guard.Devices(p.devices), Clients: p.clients, ClientEditor: p.clients, ClientControl: p.control, Health: p.health,
		Audit: p.audit, Denials: p.denials, Settings: p.settings, Keys: p.keys, Statistics: p.statistics,
	}))
}

// serve ties the parts to the life of the process: what starts first stops last.
func serve(lc fx.Lifecycle, down fx.Shutdowner, cfg *config.Config, p parts, runner *jobs.Runner, l *listeners, logger *zap.Logger, say notices) {
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error { return p.prepare(ctx, cfg, say) },
		OnStop:  func(context.Context) error { p.housekeeper.Stop(); p.feed.Stop(); return nil },
	})
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error { p.usage.Start(ctx); return nil },
		OnStop:  p.usage.Stop,
	})
	lc.Append(fx.Hook{OnStart: runner.Start, OnStop: runner.Stop})
	if l.ops != nil {
		lc.Append(fx.Hook{
			OnStart: func(context.Context) error {
				if _, err := listen(l.ops, nil, down, logger); err != nil {
					return fmt.Errorf("KEYSTONE_OPS_ADDR can't be served: %w", err)
				}
				return nil
			},
			OnStop: func(ctx context.Context) error { return shut(ctx, l.ops, logger) },
		})
	}
	lc.Append(fx.Hook{
		OnStart: func(context.Context) (err error) {
			if l.open, err = listen(l.api, l.open, down, logger); err != nil {
				return fmt.Errorf("KEYSTONE_HTTP_ADDR can't be served: %w", err)
			}
			l.bound = l.open.Addr()
			for _, warning := range cfg.Warnings() {
				logger.Warn(warning)
			}
			logger.Info("serving", zap.String("address", l.bound.String()), zap.String("issuer", cfg.HTTP.Issuer.String()), zap.String("version", Version()), zap.String("state", whereabouts(cfg)))
			if cfg.Log.Format != "json" { // whoever asked for JSON reads the log
				say.say("serving %s on %s; %s", cfg.HTTP.Issuer, l.bound, whereabouts(cfg))
			}
			return nil
		},
		OnStop: func(ctx context.Context) error {
			p.health.Drain()
			if err := p.out.Clock.Sleep(ctx, cfg.HTTP.ShutdownDelay); err != nil {
				return err
			}
			// What can't be had is not missed: it is about the last moment alone.
			_ = refuseNewcomers(ctx, l.open, p.out.Clock)
			return shut(ctx, l.api, logger)
		},
	})
}

// whereabouts tells where state is kept, without credentials.
func whereabouts(cfg *config.Config) string {
	if !cfg.SQLite() {
		return "state is in Postgres"
	}
	where := "database " + cfg.SQLiteFile()
	if cfg.Secrets.MasterKey.Empty() {
		where += ", master key " + keyFile
	}
	if dir, err := os.Getwd(); err == nil {
		where += " in " + dir
	}
	return where
}
