package bootstrap

import (
	"fmt"
	"io"
	"net"
	"os"
	"reflect"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/application/clients"
	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Option changes what New assembles.
type Option func(*options)

type options struct {
	replaced  map[reflect.Type]provider
	decorated map[reflect.Type]any // func(T) T, by T
	added     additions
	embedded  bool
	listener  net.Listener
	notices   io.Writer
	logger    *zap.Logger
}

// additions are the parts of other modules.
type additions struct {
	grants     []func(Kit) grants.Grant
	clientAuth []func(Kit) clients.Method
	reactions  []func(Kit) inbound.Reaction
}

// Kit is what a grant, a reaction or a method of client authentication of
// another module may build on: the ports as Keystone itself uses them, measured
// and limited.
type Kit struct {
	Issuer string

	Clock      outbound.Clock
	Random     outbound.Random
	MasterKey  outbound.MasterKey
	Hasher     outbound.PasswordHasher
	UnitOfWork outbound.UnitOfWork
	Users      outbound.UserDirectory
	Clients    outbound.ClientDirectory
	Mailer     outbound.Mailer
	Texter     outbound.Texter

	// Principals gives who a subject is now, and the scopes that are held.
	Principals *tokens.Principals
}

// Replace lets an adapter of your own serve as outbound port T; the original's
// constructor does not run. A T that is no port is refused by New, by name.
func Replace[T any](implementation T) Option {
	return func(o *options) {
		o.replaced[reflect.TypeFor[T]()] = port[T](func() T { return implementation })
	}
}

// Decorate wraps the adapter that serves as outbound port T, whichever that is;
// of several, the last is outermost. A T that is no port is refused by New, by
// name.
func Decorate[T any](wrap func(T) T) Option {
	return func(o *options) {
		kind, outer := reflect.TypeFor[T](), wrap
		if inner, wrapped := o.decorated[kind].(func(T) T); wrapped {
			outer = func(port T) T { return wrap(inner(port)) }
		}
		o.decorated[kind] = outer
	}
}

// WithGrant registers one more grant. Clients are offered it at once, in the
// metadata too; a name that is taken is refused by New. The constructor keeps
// what the kit holds and calls none of it: to describe the API a grant is made
// with an empty kit, and nothing is opened.
func WithGrant[G grants.Grant](construct func(Kit) G) Option {
	return func(o *options) {
		o.added.grants = append(o.added.grants, func(k Kit) grants.Grant { return construct(k) })
	}
}

// WithClientAuth registers one more method of client authentication, for every
// endpoint that clients prove themselves at and for the metadata; a name that is
// taken is refused by New.
func WithClientAuth[M clients.Method](construct func(Kit) M) Option {
	return func(o *options) {
		o.added.clientAuth = append(o.added.clientAuth, func(k Kit) clients.Method { return construct(k) })
	}
}

// WithReaction registers one more reaction. Its jobs are stored with the events
// it names, from the start that brings it on; a name that is taken is refused by
// New. The constructor is held to what WithGrant says.
func WithReaction[R inbound.Reaction](construct func(Kit) R) Option {
	return func(o *options) {
		o.added.reactions = append(o.added.reactions, func(k Kit) inbound.Reaction { return construct(k) })
	}
}

// Embedded keeps all state in the process, whatever the configuration says of
// databases and Redis: SQLite in a temporary folder that Stop removes and no
// write waits for, mails beside it where no server takes them, and a master key
// that nobody else knows. It serves tests, demonstrations and programs that
// carry their own authorization server.
func Embedded() Option { return func(o *options) { o.embedded = true } }

// WithListener serves the API on a listener that is open already, in place of
// the configured address: for a port that the caller has to know first, or one
// that a supervisor opened. Stop closes it.
func WithListener(l net.Listener) Option { return func(o *options) { o.listener = l } }

// WithNotices sends what an operator must see once, such as the first
// password, elsewhere than to standard error.
func WithNotices(w io.Writer) Option { return func(o *options) { o.notices = w } }

// WithLogger logs through the given logger.
func WithLogger(l *zap.Logger) Option { return func(o *options) { o.logger = l } }

func newOptions(opts []Option) options {
	o := options{replaced: map[reflect.Type]provider{}, decorated: map[reflect.Type]any{}, notices: os.Stderr}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// configuredStore tells whether the store is the one that the configuration names.
func (o options) configuredStore() bool {
	_, replaced := o.replaced[reflect.TypeFor[outbound.Schema]()]
	return !o.embedded && !replaced
}

// adapters registers the list with what was replaced and decorated in it.
func (o options) adapters(list []provider) ([]fx.Option, error) {
	var provided []fx.Option
	known := map[reflect.Type]bool{}
	for _, p := range list {
		known[p.port] = true
		if mine, replaced := o.replaced[p.port]; replaced {
			p = mine
		}
		provided = append(provided, fx.Provide(p.constructor))
		if decorator, decorated := o.decorated[p.port]; decorated {
			provided = append(provided, fx.Decorate(decorator))
		}
	}
	for t := range o.replaced {
		if !known[t] {
			return nil, fmt.Errorf("bootstrap.Replace: %s is not an outbound port", t)
		}
	}
	for t := range o.decorated {
		if !known[t] {
			return nil, fmt.Errorf("bootstrap.Decorate: %s is not an outbound port", t)
		}
	}
	return provided, nil
}

// kit gives what other modules build on; of no parts, an empty one.
func (p parts) kit() Kit {
	return Kit{
		Issuer: p.issuer, Clock: p.out.Clock, Random: p.out.Random, MasterKey: p.out.MasterKey, Hasher: p.out.Hasher, UnitOfWork: p.work,
		Users: p.out.Users, Clients: p.out.Clients, Mailer: p.out.Mailer, Texter: p.out.Texter, Principals: p.principals,
	}
}
