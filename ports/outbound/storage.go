package outbound

import (
	"context"
	"errors"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/domain/token"
	"github.com/keystone-auth/keystone/domain/user"
)

// UnitOfWork makes several changes one.
type UnitOfWork interface {
	// Do runs work in one transaction: all of its changes are stored, events
	// included, or none. When work returns an error nothing is stored and Do
	// returns that error, unless it is a *domain.Refusal: then everything is
	// stored and Do returns what the refusal wraps.
	//
	// Do MUST run work again, with fresh Repositories, when the store reports
	// a serialization failure, a deadlock or a lock it could not get; so work
	// has no effect outside of them, and never hashes, waits or calls the
	// network. A conflict that outlasts the attempts, like a store that does
	// not answer, is KindUnavailable. Do MUST NOT be nested, and needs no more
	// than one connection.
	Do(ctx context.Context, work func(ctx context.Context, r Repositories) error) error
}

// Repositories are the stores of one unit of work; they are of no use after it.
// Saving an aggregate stores the events it recorded.
type Repositories struct {
	Users         Users
	Principals    Principals
	Passwords     FormerPasswords
	Tickets       Tickets
	Clients       Clients
	Roles         Roles
	Scopes        Scopes
	Sessions      Sessions
	RefreshTokens RefreshTokens
	Keys          SigningKeys
	Lockouts      Lockouts
	Signals       Signals
	Events        Events
	Settings      Settings
}

// Users stores user accounts.
type Users interface {
	// Get gives the user and locks it until the unit of work ends.
	// Not found: KindNotFound.
	Get(ctx context.Context, id domain.ID) (*user.User, error)
	// Add stores a new user. Its username or address is taken by a user, or
	// its username by an unexpired pending registration: KindConflict with
	// CodeUsernameTaken or CodeEmailTaken; with both, CodeUsernameTaken. An
	// unknown role: CodeUnknownRole.
	Add(ctx context.Context, u *user.User) error
	// Save stores a changed user, roles included. Gone: KindNotFound; changed
	// by someone else since it was read: KindConflict with CodeConflict;
	// otherwise as Add.
	Save(ctx context.Context, u *user.User) error
	// Delete removes a user with its sessions and all that belongs to them;
	// failures as Save.
	Delete(ctx context.Context, u *user.User) error
	// Reserve keeps a username for a registration whose address is taken, in
	// place of an expired reservation of the same name. Taken: CodeUsernameTaken.
	Reserve(ctx context.Context, p user.PendingRegistration) error
	// LockSuperusers counts the active superusers and makes every other unit
	// of work that asks the same wait for the end of this one.
	LockSuperusers(ctx context.Context) (int, error)
}

// UserDirectory finds users outside a unit of work, on the primary.
type UserDirectory interface {
	// ByLogin finds a user by folded username or folded address (see
	// user.FoldLogin). Not found: KindNotFound.
	ByLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error)
	// ByID finds a user by id. Not found: KindNotFound.
	ByID(ctx context.Context, id domain.ID) (*user.User, error)
	// Pending finds the unexpired pending registration of a folded username or
	// address; of several for one address, the newest. None: KindNotFound.
	Pending(ctx context.Context, folded string, isEmail bool, now time.Time) (user.PendingRegistration, error)
}

// Clients stores service clients.
type Clients interface {
	// Get gives the client and locks it until the unit of work ends.
	// Not found: KindNotFound.
	Get(ctx context.Context, clientID string) (*client.ServiceClient, error)
	// Add stores a new client. A taken client_id: CodeConflict. An unknown
	// scope: CodeUnknownScope.
	Add(ctx context.Context, c *client.ServiceClient) error
	// Save stores a changed client, scopes included; failures as Users.Save
	// and Add.
	Save(ctx context.Context, c *client.ServiceClient) error
	// Delete removes a client with its links. Gone: KindNotFound.
	Delete(ctx context.Context, c *client.ServiceClient) error
}

// ClientDirectory finds clients outside a unit of work, on the primary.
type ClientDirectory interface {
	// ByClientID finds a client. Not found: KindNotFound.
	ByClientID(ctx context.Context, clientID string) (*client.ServiceClient, error)
}

// Principals gives what access decisions are made from. It serves on the
// primary and, seeing what was changed there, inside a unit of work.
type Principals interface {
	// User gives a user's principal: roles, and the effective scopes of all
	// its roles; for a superuser every scope there is. Not found: KindNotFound.
	User(ctx context.Context, id domain.ID) (token.Principal, error)
}

// Roles stores roles.
type Roles interface {
	// Get gives the role and locks it until the unit of work ends.
	// Not found: KindNotFound.
	Get(ctx context.Context, name role.Name) (*role.Role, error)
	// Add stores a new role. Taken: CodeConflict. Unknown scope: CodeUnknownScope.
	Add(ctx context.Context, r *role.Role) error
	// Save stores a changed role, scopes included; failures as Users.Save and Add.
	Save(ctx context.Context, r *role.Role) error
	// Delete removes a role, from its users too. Gone: KindNotFound.
	Delete(ctx context.Context, r *role.Role) error
}

// Scopes stores scopes.
type Scopes interface {
	// Add stores a new scope. Taken: CodeConflict.
	Add(ctx context.Context, s *scope.Scope) error
	// Get gives a scope, and locks nothing: scopes are looked up as they are
	// granted. Not found: KindNotFound.
	Get(ctx context.Context, name scope.Name) (*scope.Scope, error)
	// Save stores a changed scope; failures as Users.Save.
	Save(ctx context.Context, s *scope.Scope) error
	// Delete removes a scope that no role and no client holds: else KindConflict
	// with CodeInUse, also where it is granted at this moment. Gone: KindNotFound.
	Delete(ctx context.Context, s *scope.Scope) error
}

// Sessions stores sessions.
type Sessions interface {
	// Add stores a new session.
	Add(ctx context.Context, s *token.Session) error
	// Get gives the session and locks it until the unit of work ends.
	// Not found: KindNotFound.
	Get(ctx context.Context, id domain.ID) (*token.Session, error)
	// Alive gives the living sessions of a user, newest first, and locks them.
	Alive(ctx context.Context, userID domain.ID, now time.Time) ([]*token.Session, error)
	// Save stores a changed session. When it has ended, all of its refresh
	// tokens are marked revoked. Gone: KindNotFound.
	Save(ctx context.Context, s *token.Session) error
	// EndThrough ends all living sessions that were opened through a client, of
	// whoever, as Save would, but stores no event for each; it tells how many.
	EndThrough(ctx context.Context, clientID string, reason token.EndReason, now time.Time) (int, error)
}

// RefreshTokens stores the links of refresh chains.
type RefreshTokens interface {
	// Add stores a new token. A taken digest: CodeConflict.
	Add(ctx context.Context, t *token.RefreshToken) error
	// Get finds a token by its digest and locks it until the unit of work ends.
	// Not found: KindNotFound.
	Get(ctx context.Context, digest token.Digest) (*token.RefreshToken, error)
	// Save stores that a token was used or revoked. Gone: KindNotFound.
	Save(ctx context.Context, t *token.RefreshToken) error
}

// Spending asks to exchange one refresh token for its successor.
type Spending struct {
	Presented token.Digest
	ClientID  string // the authenticated client; the token must be its own
	Successor token.Successor
	Now       time.Time
	TTL       time.Duration // the successor's, cut at the session's end
}

// Spent is what a spending led to.
type Spent struct {
	SessionID   domain.ID
	SessionEnds time.Time
	UserID      domain.ID
	Scope       scope.Set // of the chain
}

// RefreshSpender spends refresh tokens where nothing stands against it, in one
// round trip and outside a unit of work; whatever it refuses is judged in one.
type RefreshSpender interface {
	// Spend marks the presented token used, stores its successor and the event
	// domain.EventTokenRefreshed (actor: the client; subject: the user), as one
	// atomic change, if and only if token.RefreshToken.Spendable holds at Now,
	// the token is of ClientID, and the user is active. Otherwise nothing
	// changes and it fails with CodeNotSpendable. Of any number of concurrent
	// calls for one token exactly one succeeds.
	Spend(ctx context.Context, s Spending) (Spent, error)
}

// RefreshDirectory finds refresh tokens outside a unit of work, on the primary.
type RefreshDirectory interface {
	// ByDigest gives a token and its session. Not found: KindNotFound.
	ByDigest(ctx context.Context, digest token.Digest) (*token.RefreshToken, *token.Session, error)
}

// SigningKeys stores the key ring.
type SigningKeys interface {
	// Lock gives all keys, oldest first, and makes every other unit of work
	// that asks the same wait for the end of this one.
	Lock(ctx context.Context) ([]*token.SigningKey, error)
	// Add stores a new key.
	Add(ctx context.Context, k *token.SigningKey) error
	// Save stores a changed key. Gone: KindNotFound.
	Save(ctx context.Context, k *token.SigningKey) error
}

// KeyDirectory reads the key ring outside a unit of work, on the primary.
type KeyDirectory interface {
	// Keys gives all keys, oldest first.
	Keys(ctx context.Context) ([]*token.SigningKey, error)
}

// Lockouts stores the budgets of failed attempts. It serves inside a unit of
// work and, with each call committed by itself, outside of one.
type Lockouts interface {
	// Get gives the lockout of a key, or user.NewLockout(key) where none is stored.
	Get(ctx context.Context, key string) (user.Lockout, error)
	// Swap stores next if the stored version is still that of next's snapshot
	// (zero: none is stored), and counts the version up. It tells whether it
	// did; of concurrent swaps from one version exactly one does.
	Swap(ctx context.Context, next user.Lockout) (bool, error)
	// Begin is Swap without a look first, for a budget that nothing stands
	// against: it stores next, whose version is zero, if none is stored, or one
	// that is clear, of whatever version; and it gives next as though that one
	// had been looked up. Otherwise it writes nothing, and waits for nobody who
	// does, and tells so. Of concurrent calls that find one budget clear exactly
	// one stores.
	Begin(ctx context.Context, next user.Lockout) (begun user.Lockout, stored bool, err error)
}

// Signals stores what every instance must learn of.
type Signals interface {
	// Append stores signals; they become readable as the unit of work commits.
	Append(ctx context.Context, signals ...token.Signal) error
}

// SignalLog reads signals back, on the primary.
type SignalLog interface {
	// Since gives the unexpired signals stored since mark less a look-back of
	// 5 s (for transactions that commit late), oldest first, and the mark to
	// ask with next time. A zero mark gives all that are unexpired. A signal
	// may come again; none is left out.
	Since(ctx context.Context, mark time.Time) (signals []token.Signal, next time.Time, err error)
	// Prune deletes up to limit signals that expired before now and tells how many.
	Prune(ctx context.Context, now time.Time, limit int) (int, error)
}

// Events stores what happened where no aggregate was saved.
type Events interface {
	// Append stores events with the origin that the context carries.
	Append(ctx context.Context, events ...domain.Event) error
}

// Vault keeps a few small things sealed with the master key, by name: a canary
// that tells whether it is the one this store was sealed with, and keys.
type Vault interface {
	// Keep gives what is sealed under the name, storing the proposed first
	// where there is nothing: of concurrent first callers all get the same.
	Keep(ctx context.Context, name string, proposed []byte) ([]byte, error)
	// Replace keeps another seal under the name. None stored: KindNotFound.
	Replace(ctx context.Context, name string, sealed []byte) error
}

// Schema is the store's own structure.
type Schema interface {
	// Up brings it to the newest version. Concurrent calls, of any number of
	// processes, run one after another.
	Up(ctx context.Context) (version int64, err error)
	// Down goes back one version. There is none to go back from: KindConflict.
	Down(ctx context.Context) (version int64, err error)
	// Status tells the current and the newest known version.
	Status(ctx context.Context) (current, newest int64, err error)
}

// ErrDegraded says that a dependency is not used for now, and nobody misses it.
var ErrDegraded = errors.New("degraded")

// Probe is one dependency as readiness sees it.
type Probe interface {
	// Name is a lower-case word: database, redis.
	Name() string
	// Essential tells whether an instance without it can serve nothing, and is
	// therefore not ready.
	Essential() bool
	// Ping fails where the dependency does not answer, through the very pool
	// that requests use; with ErrDegraded where another stands in for it.
	Ping(ctx context.Context) error
}
