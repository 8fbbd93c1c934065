package bootstrap

import (
	"context"
	"os"
	"reflect"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/argon2"
	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/jobs"
	"github.com/keystone-auth/keystone/adapters/outbound/jwt"
	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/adapters/outbound/strength"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/adapters/outbound/tracing"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// provider is the constructor of one outbound port.
type provider struct {
	port        reflect.Type
	constructor any
}

// port says that the constructor's result serves as port T.
func port[T any](constructor any) provider {
	return provider{port: reflect.TypeFor[T](), constructor: fx.Annotate(constructor, fx.As(new(T)))}
}

// outboundPorts is the registration list of the adapters: a line each, and
// Replace swaps a line.
func outboundPorts(cfg *config.Config) []provider {
	bus, limiter := port[outbound.SignalBus](memory.NewSignalBus), port[outbound.RateLimiter](memory.NewLimiter)
	if !cfg.Storage.RedisURL.Empty() {
		bus, limiter = port[outbound.SignalBus](redis.NewSignalBus), port[outbound.RateLimiter](redis.NewLimiter)
	}
	return []provider{
		port[outbound.Clock](system.NewClock),
		port[outbound.Random](system.NewRandom),
		port[outbound.MasterKey](newMasterKey),
		port[outbound.PasswordHasher](newHasher),
		port[outbound.HashFormats](argon2.NewHashFormats),
		port[outbound.TokenCodec](jwt.NewCodec),
		port[outbound.Assertions](jwt.NewAssertions),
		bus,
		limiter,
		port[outbound.Mailer](newMailer),
		port[outbound.Texter](newTexter),
		port[outbound.UnitOfWork](database.NewUnitOfWork),
		port[outbound.UserDirectory](database.NewUserDirectory),
		port[outbound.PasswordJudge](strength.New),
		port[outbound.PasswordHistory](database.NewPasswordHistory),
		port[outbound.UserList](database.NewUserList),
		port[outbound.SessionList](database.NewSessionList),
		port[outbound.ClientDirectory](database.NewClientDirectory),
		port[outbound.ClientUsage](database.NewClientUsage),
		port[outbound.RoleDirectory](database.NewRoleDirectory),
		port[outbound.ScopeDirectory](database.NewScopeDirectory),
		port[outbound.Principals](database.NewPrincipals),
		port[outbound.RefreshSpender](database.NewRefreshSpender),
		port[outbound.SessionOpener](database.NewSessionOpener),
		port[outbound.RefreshDirectory](database.NewRefreshDirectory),
		port[outbound.KeyDirectory](database.NewKeyDirectory),
		port[outbound.Lockouts](database.NewLockouts),
		port[outbound.SignalLog](database.NewSignalLog),
		port[outbound.AuditLog](database.NewAuditLog),
		port[outbound.AuditSeals](database.NewAuditSeals),
		port[outbound.Statistics](database.NewStatistics),
		port[outbound.Housekeeping](database.NewHousekeeping),
		port[outbound.SettingsDirectory](database.NewSettingsDirectory),
		port[outbound.Vault](database.NewVault),
		port[outbound.Schema](database.NewSchema),
	}
}

func newHasher(cfg *config.Config, metrics *telemetry.Metrics) (*argon2.Hasher, error) {
	h := cfg.Hashing
	hasher, err := argon2.New(argon2.Params{MemoryKiB: h.MemoryKiB, Iterations: h.Iterations, Parallelism: h.Parallelism}, h.Concurrency, h.Queue)
	if err != nil {
		return nil, err
	}
	metrics.HashQueue(hasher.QueueLength)
	return hasher, nil
}

func newDatabase(lc fx.Lifecycle, cfg *config.Config, plan *jobs.Plan, tracer *tracing.Tracer, logger *zap.Logger, clock outbound.Clock, random outbound.Random) (*database.DB, error) {
	if cfg.Storage.TemporaryDir != "" {
		// Alone its owner may read it: it holds password hashes. It must be new.
		if err := os.Mkdir(cfg.Storage.TemporaryDir, 0o700); err != nil {
			return nil, err
		}
		lc.Append(fx.StopHook(func() error { return os.RemoveAll(cfg.Storage.TemporaryDir) }))
	}
	var replicas []string
	for _, url := range cfg.Storage.ReplicaURLs {
		replicas = append(replicas, url.Reveal())
	}
	c := database.Config{
		URL: cfg.Storage.DatabaseURL.Reveal(), ReplicaURLs: replicas, MaxConns: cfg.Storage.MaxConns, Follow: plan.Follow, Follows: plan.Follows, Stored: telemetry.SecurityLog(logger), Temporary: cfg.Storage.TemporaryDir != "",
	}
	if tracer != nil {
		c.OpenPool = tracer.OpenSQL(map[bool]string{true: "sqlite", false: "postgresql"}[cfg.SQLite()])
	}
	db, err := database.Open(context.Background(), c, clock, random)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(db.Close))
	return db, nil
}

func newRedis(lc fx.Lifecycle, cfg *config.Config, clock outbound.Clock) (*redis.Client, error) {
	client, err := redis.Open(context.Background(), cfg.Storage.RedisURL.Reveal(), redisPrefix, clock)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(client.Close))
	return client, nil
}

// redisPrefix starts the name of every key and channel.
const redisPrefix = "keystone:"
