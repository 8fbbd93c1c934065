// Package config is what an operator sets: KEYSTONE_* environment variables
// over an optional YAML file over defaults, every value validated, all
// problems reported together (contract, section 1).
package config

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

// Environments.
const (
	Development = "development"
	Production  = "production"
)

// Config holds every setting, validated. Fields are named as their variables.
type Config struct {
	Env     string
	HTTP    HTTP
	Tokens  Tokens
	Storage Storage
	Secrets Secrets

	Passwords  Passwords
	Hashing    Hashing
	Lockout    Lockout
	Limits     domain.Limits
	Accounts   Accounts
	Audit      Audit
	Delivery   Delivery
	Bootstrap  Bootstrap
	Log        Log
	Tracing    Tracing
	Revocation string // open or closed

	given   map[string]given // what was set and from where, for print and warnings
	strange []string         // variables that may be misspelt, for warnings
}

// HTTP is how the API is reached.
type HTTP struct {
	Addr           string
	OpsAddr        string // empty: no operations listener
	Issuer         *url.URL
	TrustedProxies []netip.Prefix
	CORSOrigins    []string
	ShutdownDelay  time.Duration
	TLSCertFile    string // empty, as its key: plain HTTP
	TLSKeyFile     string
}

// Tokens are lifetimes and algorithms.
type Tokens struct {
	Audience      []string
	Algorithm     token.Algorithm
	AccessTTL     time.Duration
	RefreshTTL    time.Duration
	SessionMaxAge time.Duration
	Leeway        time.Duration
	RetryWindow   time.Duration
	KeyRotation   time.Duration // zero: by hand only
}

// Storage is where state lives.
type Storage struct {
	DatabaseURL domain.Secret
	ReplicaURLs []domain.Secret // Postgres servers that follow that of DatabaseURL
	MaxConns    int
	RedisURL    domain.Secret // empty: in process
	// TemporaryDir, where set, is made for the database and removed with the
	// process; no variable sets it.
	TemporaryDir string
}

// Secrets are the keys of the installation; both may be empty in development.
type Secrets struct {
	MasterKey         domain.Secret
	MasterKeyPrevious domain.Secret
}

// Passwords are the rules for new passwords, in code points and durations.
type Passwords struct {
	MinLength   int
	MaxLength   int
	MaxAge      time.Duration
	Require     []user.Class
	MinStrength int
	History     int // how many may not come again, the one in force included
}

// Hashing is the cost of Argon2id and how much of it runs at once.
type Hashing struct {
	MemoryKiB   uint32
	Iterations  uint32
	Parallelism uint8
	Concurrency int
	Queue       int
}

// Lockout is the budget of failed logins.
type Lockout struct {
	Attempts  int
	Durations []time.Duration
}

// Accounts are the rules for accounts.
type Accounts struct {
	RegistrationClosed    bool
	VerificationRequired  bool
	PasswordGrantDisabled bool
}

// Audit is how long events are kept; zero: for ever.
type Audit struct{ Retention time.Duration }

// Delivery is how mails and SMS leave, and where their links lead.
type Delivery struct {
	SMTPURL  domain.Secret // empty: mails go to MailDir
	From     string        // the sender; never empty
	MailDir  string        // takes what has no server or gateway; empty: nothing does
	SMSURL   domain.Secret // empty: SMS go to MailDir
	LinkBase string        // without a trailing slash
}

// Bootstrap is the first superuser.
type Bootstrap struct {
	Username string
	Email    string
	Password domain.Secret // empty: generated
}

// Log is what is written.
type Log struct {
	Level  string
	Format string // json or console; empty: console on a terminal
}

// SQLite tells whether the embedded database is used.
func (c *Config) SQLite() bool { return isSQLite(c.Storage.DatabaseURL.Reveal()) }

// SQLiteFile is the path of the database where that is SQLite.
func (c *Config) SQLiteFile() string {
	return strings.TrimPrefix(c.Storage.DatabaseURL.Reveal(), sqliteScheme)
}

// Driver names the kind of store: sqlite or postgres.
func (c *Config) Driver() string {
	if c.SQLite() {
		return "sqlite"
	}
	return "postgres"
}

// FailOpen tells whether tokens are accepted while revocation state is unknown.
func (c *Config) FailOpen() bool { return c.Revocation == "open" }
