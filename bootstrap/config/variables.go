package config

import (
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

const (
	prefix      = "KEYSTONE_"
	maxLifetime = 10 * 365 * 24 * time.Hour
	maxLeeway   = 60 * time.Second

	// OWASP's recommendation for Argon2id with one lane.
	defaultMemoryKiB  = 19456
	defaultIterations = 2
)

// variable is one setting: its name, what it is when nobody says otherwise,
// and how its text is read.
type variable struct {
	name     string // without the prefix
	fallback string
	set      setter
	secret   bool // never printed; may come from the file that NAME_FILE names
	emptyOK  bool // an empty value means something other than "not set"
	runtime  bool // can be changed at run time (contract 4.2)
}

// key is the name in a YAML file.
func (v variable) key() string { return strings.ToLower(v.name) }

// variables is the whole configuration, in the order it is printed.
func variables() []variable {
	return []variable{
		{name: "ENV", fallback: Development, set: oneOf(func(c *Config) *string { return &c.Env }, Development, Production)},
		{name: "HTTP_ADDR", fallback: ":8080", set: address(func(c *Config) *string { return &c.HTTP.Addr })},
		{name: "OPS_ADDR", fallback: "127.0.0.1:9464", emptyOK: true, set: address(func(c *Config) *string { return &c.HTTP.OpsAddr })},
		{name: "TLS_CERT_FILE", set: text(func(c *Config) *string { return &c.HTTP.TLSCertFile })},
		{name: "TLS_KEY_FILE", set: text(func(c *Config) *string { return &c.HTTP.TLSKeyFile })},
		{name: "ISSUER", fallback: "http://localhost:8080", set: issuer},
		{name: "AUDIENCE", set: func(c *Config, s string) error { c.Tokens.Audience = list(s); return nil }},
		{name: "DATABASE_URL", fallback: "sqlite://keystone.db", secret: true, set: databaseURL},
		{name: "DATABASE_REPLICA_URLS", secret: true, set: replicaURLs},
		{name: "DATABASE_MAX_CONNS", fallback: "20", set: integer(func(c *Config) *int { return &c.Storage.MaxConns }, 2, 10000)},
		{name: "REDIS_URL", secret: true, set: redisURL},
		{name: "MASTER_KEY", secret: true, set: masterKey(func(c *Config) *domain.Secret { return &c.Secrets.MasterKey })},
		{name: "MASTER_KEY_PREVIOUS", secret: true, set: masterKey(func(c *Config) *domain.Secret { return &c.Secrets.MasterKeyPrevious })},
		{name: "JWT_ALGORITHM", fallback: string(token.ES256), set: algorithm},
		{name: "ACCESS_TOKEN_TTL", runtime: true, fallback: "15m", set: duration(func(c *Config) *time.Duration { return &c.Tokens.AccessTTL }, time.Second, 24*time.Hour)},
		{name: "REFRESH_TOKEN_TTL", runtime: true, fallback: "720h", set: duration(func(c *Config) *time.Duration { return &c.Tokens.RefreshTTL }, time.Second, maxLifetime)},
		{name: "SESSION_MAX_AGE", runtime: true, fallback: "2160h", set: duration(func(c *Config) *time.Duration { return &c.Tokens.SessionMaxAge }, time.Second, maxLifetime)},
		{name: "CLOCK_LEEWAY", fallback: "0s", set: duration(func(c *Config) *time.Duration { return &c.Tokens.Leeway }, 0, maxLeeway)},
		{name: "REFRESH_RETRY_WINDOW", runtime: true, fallback: "10s", set: duration(func(c *Config) *time.Duration { return &c.Tokens.RetryWindow }, 0, time.Hour)},
		{name: "KEY_ROTATION", runtime: true, fallback: "2160h", set: duration(func(c *Config) *time.Duration { return &c.Tokens.KeyRotation }, 0, maxLifetime)},
		{name: "PASSWORD_MIN_LENGTH", runtime: true, fallback: "15", set: integer(func(c *Config) *int { return &c.Passwords.MinLength }, 8, 1024)},
		{name: "PASSWORD_MAX_LENGTH", runtime: true, fallback: "256", set: integer(func(c *Config) *int { return &c.Passwords.MaxLength }, 64, 4096)},
		{name: "PASSWORD_REQUIRE", runtime: true, set: classes(func(c *Config) *[]user.Class { return &c.Passwords.Require })},
		{name: "PASSWORD_MIN_STRENGTH", runtime: true, fallback: "2", set: integer(func(c *Config) *int { return &c.Passwords.MinStrength }, 0, user.MaxScore)},
		{name: "PASSWORD_HISTORY", runtime: true, fallback: "5", set: integer(func(c *Config) *int { return &c.Passwords.History }, 0, 24)},
		{name: "PASSWORD_MAX_AGE", runtime: true, fallback: "0", set: duration(func(c *Config) *time.Duration { return &c.Passwords.MaxAge }, 0, maxLifetime)},
		{name: "ARGON2_MEMORY_KIB", fallback: strconv.Itoa(defaultMemoryKiB), set: integer(func(c *Config) *uint32 { return &c.Hashing.MemoryKiB }, 8192, 4<<20)},
		{name: "ARGON2_ITERATIONS", fallback: strconv.Itoa(defaultIterations), set: integer(func(c *Config) *uint32 { return &c.Hashing.Iterations }, 1, 64)},
		{name: "ARGON2_PARALLELISM", fallback: "1", set: integer(func(c *Config) *uint8 { return &c.Hashing.Parallelism }, 1, 64)},
		{name: "HASH_CONCURRENCY", fallback: strconv.Itoa(runtime.GOMAXPROCS(0)), set: integer(func(c *Config) *int { return &c.Hashing.Concurrency }, 1, 1024)},
		{name: "HASH_QUEUE", fallback: "128", set: integer(func(c *Config) *int { return &c.Hashing.Queue }, 0, 1<<20)},
		{name: "LOCKOUT_ATTEMPTS", runtime: true, fallback: "5", set: integer(func(c *Config) *int { return &c.Lockout.Attempts }, 0, 1000)},
		{name: "LOCKOUT_DURATIONS", runtime: true, fallback: "5m,15m,1h,4h,24h", set: durations(func(c *Config) *[]time.Duration { return &c.Lockout.Durations })},
		{name: "RATE_LIMITS", runtime: true, fallback: defaultLimits, set: limits},
		{name: "TRUSTED_PROXIES", set: prefixes(func(c *Config) *[]netip.Prefix { return &c.HTTP.TrustedProxies })},
		{name: "CORS_ORIGINS", set: origins(func(c *Config) *[]string { return &c.HTTP.CORSOrigins })},
		{name: "REGISTRATION", runtime: true, fallback: "open", set: flag(func(c *Config) *bool { return &c.Accounts.RegistrationClosed }, "open", "closed")},
		{name: "EMAIL_VERIFICATION", runtime: true, fallback: "optional", set: flag(func(c *Config) *bool { return &c.Accounts.VerificationRequired }, "optional", "required")},
		{name: "PASSWORD_GRANT", fallback: "enabled", set: flag(func(c *Config) *bool { return &c.Accounts.PasswordGrantDisabled }, "enabled", "disabled")},
		{name: "AUDIT_RETENTION", runtime: true, fallback: "8760h", set: duration(func(c *Config) *time.Duration { return &c.Audit.Retention }, 0, maxLifetime)},
		{name: "SMTP_URL", secret: true, set: smtpURL},
		{name: "MAIL_FROM", set: mailFrom},
		{name: "MAIL_DIR", set: text(func(c *Config) *string { return &c.Delivery.MailDir })},
		{name: "SMS_URL", secret: true, set: smsURL},
		{name: "LINK_BASE_URL", set: linkBase},
		{name: "REVOCATION_FAIL_MODE", fallback: "closed", set: oneOf(func(c *Config) *string { return &c.Revocation }, "closed", "open")},
		{name: "BOOTSTRAP_ADMIN_USERNAME", fallback: "admin", set: username},
		{name: "BOOTSTRAP_ADMIN_EMAIL", fallback: "admin@localhost", set: email},
		{name: "BOOTSTRAP_ADMIN_PASSWORD", secret: true, set: secret(func(c *Config) *domain.Secret { return &c.Bootstrap.Password })},
		{name: "SHUTDOWN_DELAY", fallback: "0s", set: duration(func(c *Config) *time.Duration { return &c.HTTP.ShutdownDelay }, 0, 25*time.Second)},
		{name: "LOG_LEVEL", fallback: "info", set: oneOf(func(c *Config) *string { return &c.Log.Level }, "debug", "info", "warn", "error")},
		{name: "LOG_FORMAT", set: oneOf(func(c *Config) *string { return &c.Log.Format }, "json", "console")},
	}
}

func algorithm(c *Config, s string) error {
	var chosen string
	err := oneOf(func(*Config) *string { return &chosen }, "HS256", "RS256", "ES256", "EdDSA")(c, s)
	c.Tokens.Algorithm = token.Algorithm(chosen)
	return err
}
