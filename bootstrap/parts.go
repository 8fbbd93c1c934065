package bootstrap

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/adapters/outbound/memory"
	"github.com/keystone-auth/keystone/adapters/outbound/telemetry"
	"github.com/keystone-auth/keystone/adapters/outbound/tracing"
	"github.com/keystone-auth/keystone/application/authorization"
	"github.com/keystone-auth/keystone/application/clients"
	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/application/limits"
	"github.com/keystone-auth/keystone/application/operations"
	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/application/users"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// ports are all outbound ports, as the graph provides them.
type ports struct {
	fx.In

	Clock     outbound.Clock
	Random    outbound.Random
	MasterKey outbound.MasterKey
	Hasher    outbound.PasswordHasher
	Formats   outbound.HashFormats
	Codec     outbound.TokenCodec
	Bus       outbound.SignalBus
	Limiter   outbound.RateLimiter

	Assertions outbound.Assertions

	Mailer outbound.Mailer
	Texter outbound.Texter

	Work       outbound.UnitOfWork
	Users      outbound.UserDirectory
	Clients    outbound.ClientDirectory
	Usage      outbound.ClientUsage
	Roles      outbound.RoleDirectory
	Scopes     outbound.ScopeDirectory
	Principals outbound.Principals
	Spender    outbound.RefreshSpender
	Opener     outbound.SessionOpener
	Refresh    outbound.RefreshDirectory
	Keys       outbound.KeyDirectory
	Lockouts   outbound.Lockouts
	Signals    outbound.SignalLog
	Audit      outbound.AuditLog
	Settings   outbound.SettingsDirectory
	Seals      outbound.AuditSeals
	Counts     outbound.Statistics
	Keeping    outbound.Housekeeping
	Vault      outbound.Vault
	Schema     outbound.Schema
	Probes     []outbound.Probe `group:"probes"`

	UserList    outbound.UserList
	SessionList outbound.SessionList
	Judge       outbound.PasswordJudge
	History     outbound.PasswordHistory
}

// parts are the ports and the use cases made of them.
type parts struct {
	out    ports // as they are used: measured and limited
	issuer string
	live   *live
	policy tokens.Policies

	guard       *limits.Guard
	ring        *tokens.KeyRing
	keys        *tokens.KeyMaker
	feed        *tokens.Feed
	work        outbound.UnitOfWork // brings stored signals to every instance
	principals  *tokens.Principals
	sessions    *tokens.Sessions
	validator   *tokens.Validator
	introspect  *tokens.Introspector
	revoker     *tokens.Revoker
	credentials *users.Credentials
	accounts    *users.Accounts
	mailed      *users.MailedTokens
	recovery    *users.Recovery
	addresses   *users.Addresses
	permissions *authorization.Permissions
	roles       *authorization.Roles
	scopes      *authorization.Scopes
	clients     *clients.Service
	offer       clients.Offer
	clientAuth  *clients.Authenticator
	assertions  *clients.Assertions
	control     *clients.Control
	usage       *clients.Usage
	pipeline    *grants.Pipeline
	devices     *grants.Devices
	health      *operations.Health
	audit       *operations.Audit
	denials     *operations.Denials
	settings    *operations.Settings
	statistics  *operations.Statistics
	sealer      *operations.Sealer
	housekeeper *operations.Housekeeper
	names       users.NameKey

	administration *users.Administration
	ownAccess      *users.OwnAccess
}

// How much is kept in process. A principal or client is dropped the moment it
// changes; the bound on its age is a second net.
const (
	cachedTokens     = 100_000
	cachedPrincipals = 50_000
	cachedFor        = 5 * time.Minute
)

// assemble builds the use cases, in the order of their needs.
func assemble(cfg *config.Config, in ports, more additions, metrics *telemetry.Metrics, tracer *tracing.Tracer, logger *zap.Logger) (parts, error) {
	in = in.traced(tracer, cfg).measured(metrics, logger)
	p := parts{out: in, issuer: cfg.HTTP.Issuer.String(), live: newLive(cfg)}
	p.policy = tokenPolicies{p.live}
	p.guard = limits.NewGuard(p.live.limit, in.Limiter, in.MasterKey)
	p.out.Mailer = p.guard.Mailer(in.Mailer)
	registry := tokens.NewRegistry()
	p.principals = tokens.NewPrincipals(in.Principals, in.Clients,
		telemetry.Cache(metrics, "users", memory.NewCache[string, token.Principal](cachedPrincipals, cachedFor)),
		telemetry.Cache(metrics, "clients", memory.NewCache[string, *client.ServiceClient](cachedPrincipals, cachedFor)))
	p.ring = tokens.NewKeyRing(p.policy, in.Clock, in.Codec, in.MasterKey, in.Keys)
	p.feed = tokens.NewFeed(in.Clock, in.Signals, in.Bus, registry, p.principals, p.ring)
	metrics.RevocationState(p.feed.Known)
	p.work = tokens.NewCommitter(in.Work, p.feed, in.Bus)
	p.keys = tokens.NewKeyMaker(p.policy, in.Clock, in.Codec, in.MasterKey, p.work, p.ring)

	p.denials = operations.NewDenials(in.Clock, p.work)
	p.usage = clients.NewUsage(in.Clock, in.Usage)
	p.assertions = clients.NewAssertions(in.Clock, in.Random, in.Assertions, p.work, p.issuer, func() time.Duration { return p.policy.Current().Leeway })
	var err error
	p.clientAuth, err = clients.NewAuthenticator(in.Clock, p.principals, clientAuthList(p, more), uses(p.usage), refusals(p.denials, logger))
	if err != nil {
		return parts{}, err
	}
	p.sessions = tokens.NewSessions(p.policy, in.Clock, p.work)
	p.validator = tokens.NewValidator(p.policy, in.Clock, in.Codec, p.ring, registry, p.feed, p.principals,
		telemetry.Cache(metrics, telemetry.TokenCache, memory.NewCache[tokens.Fingerprint, tokens.Kept](cachedTokens, time.Hour)))
	p.introspect = tokens.NewIntrospector(p.policy, in.Clock, p.clientAuth, p.validator, in.Refresh, p.principals)
	p.revoker = tokens.NewRevoker(in.Clock, p.clientAuth, p.validator, in.Refresh, p.sessions, p.work)

	accounts := userPolicies{p.live}
	p.names = operations.KeptKey(in.Vault, in.MasterKey, in.Random, operations.NameKey)
	p.credentials = users.NewCredentials(accounts, in.Clock, p.names, in.Hasher, in.Users, in.Lockouts, p.work)
	passwords := users.NewPasswords(accounts, in.Random, in.Hasher, in.Judge, in.History)
	profiles := users.NewProfiles(in.Users, telemetry.Cache(metrics, "profiles", memory.NewCache[string, user.Snapshot](cachedPrincipals, token.SavedKept)))
	p.feed.Follow(profiles.Follow)
	p.accounts = users.NewAccounts(accounts, in.Clock, in.Random, p.names, passwords, in.Users, profiles, p.work)
	p.administration = users.NewAdministration(in.Clock, in.Random, passwords, in.Users, in.UserList, in.SessionList, in.Principals, p.work, p.sessions)
	p.ownAccess = users.NewOwnAccess(in.Clock, passwords, p.credentials, in.Users, in.SessionList, p.work, p.sessions)
	p.mailed = users.NewMailedTokens(in.Clock, in.MasterKey, in.Users, p.work)
	p.addresses = users.NewAddresses(in.Clock, in.Random, in.MasterKey, p.credentials, p.work, cfg.Delivery.CanText())
	p.recovery = users.NewRecovery(in.Clock, in.Random, p.names, passwords, p.mailed, in.Users, p.work, p.sessions)
	p.permissions = authorization.NewPermissions(p.principals)
	p.roles = authorization.NewRoles(in.Clock, in.Random, in.Roles, p.work)
	p.scopes = authorization.NewScopes(in.Clock, in.Random, in.Scopes, p.work)
	p.health = operations.NewHealth(in.Clock, append(slices.Clone(in.Probes), tokens.NewRevocationProbe(p.policy, p.feed)))
	p.audit = operations.NewAudit(in.Audit)
	p.settings = operations.NewSettings(in.Clock, p.live, in.Settings, p.work)
	p.statistics = operations.NewStatistics(in.Clock, in.Counts)
	p.sealer = operations.NewSealer(in.Clock, in.Random, in.MasterKey, in.Vault, in.Seals, p.live.retention, func(s domain.Seal) {
		logger.Named("audit").Info("sealed", zap.Int64("seal", s.Number), zap.Int64("last", s.Last), zap.String("head", hex.EncodeToString(s.MAC)))
	})
	p.housekeeper = operations.NewHousekeeper(in.Clock, func(duty string, err error) {
		logger.Error("housekeeping failed", zap.String("duty", duty), zap.Error(err))
	}, p.duties())
	p.feed.On(token.SignalSettingsChanged, func(ctx context.Context) {
		if err := p.settings.Reload(ctx); err != nil { // stays with what it has; tried again in half a minute
			logger.Error("the settings could not be put in force", zap.Error(err))
		}
	})

	issuer := tokens.NewIssuer(p.policy, in.Clock, in.Random, in.Codec, p.ring)
	p.devices = grants.NewDevices(in.Clock, in.Random, in.MasterKey, p.guard.Clients(p.clientAuth), p.principals, p.credentials, accounts, p.work)
	p.pipeline, err = grants.NewPipeline(p.policy, in.Clock, in.Random, p.guard.Clients(p.clientAuth), tokens.NewOpener(in.Opener, p.feed, in.Bus), p.work, issuer, grantList(cfg, p, more))
	if err != nil {
		return parts{}, err
	}
	p.offer = clients.Offer{
		GrantTypes: p.pipeline.GrantTypes(), Confidential: p.pipeline.Confidential(), Methods: p.clientAuth.ClientAuthentications(), Keys: in.Assertions.Keys,
	}
	p.clients = clients.NewService(in.Clock, in.Random, p.work, in.Clients, p.offer, p.longestLife)
	p.control = clients.NewControl(p.clients, in.Usage)
	return p, nil
}

// longestLife is that of the policy in force.
func (p parts) longestLife() time.Duration { return p.policy.Current().LongestLife() }

func tokenPolicy(cfg *config.Config) tokens.Policy {
	return tokens.Policy{
		Issuer: cfg.HTTP.Issuer.String(), Audience: cfg.Tokens.Audience, Algorithm: cfg.Tokens.Algorithm,
		AccessTTL: cfg.Tokens.AccessTTL.Truncate(time.Second), RefreshTTL: cfg.Tokens.RefreshTTL, SessionMaxAge: cfg.Tokens.SessionMaxAge,
		Leeway: cfg.Tokens.Leeway, RetryWindow: cfg.Tokens.RetryWindow, KeyRotation: cfg.Tokens.KeyRotation, FailOpen: cfg.FailOpen(),
	}
}

func userPolicy(cfg *config.Config) users.Policy {
	return users.Policy{
		Passwords: user.PasswordPolicy{
			MinLength: cfg.Passwords.MinLength, MaxLength: cfg.Passwords.MaxLength, Require: cfg.Passwords.Require,
			MinStrength: cfg.Passwords.MinStrength, History: cfg.Passwords.History,
		},
		Admission:          user.AdmissionRules{RequireVerifiedEmail: cfg.Accounts.VerificationRequired, PasswordMaxAge: cfg.Passwords.MaxAge},
		Lockout:            user.LockoutPolicy{Attempts: cfg.Lockout.Attempts, Durations: cfg.Lockout.Durations},
		MaxWaiting:         cfg.Hashing.Queue,
		RegistrationClosed: cfg.Accounts.RegistrationClosed,
	}
}
