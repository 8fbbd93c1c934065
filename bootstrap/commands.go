package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"go.uber.org/fx"

	"github.com/keystone-auth/keystone/adapters/inbound/cli"
	"github.com/keystone-auth/keystone/adapters/inbound/rest"
	"github.com/keystone-auth/keystone/adapters/outbound/jwt"
	"github.com/keystone-auth/keystone/adapters/outbound/system"
	"github.com/keystone-auth/keystone/application/clients"
	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/application/operations"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// Main runs one command line of the program and gives its exit code. A program
// of your own passes its options on, and every command knows them.
func Main(ctx context.Context, args []string, opts ...Option) int {
	var file string
	c := commands{file: &file, opts: opts}
	return cli.Run(ctx, cli.Commands{
		Version: Version(), Random: system.NewRandom(), ConfigFile: &file, IsConfigProblem: isConfigProblem,
		Serve:     c.serve,
		MigrateUp: c.migrateUp, MigrateDown: c.migrateDown, MigrateStatus: c.migrateStatus,
		AdminCreate: c.adminCreate, ClientCreate: c.clientCreate,
		KeysList: c.keysList, KeysRotate: c.keysRotate, KeysReseal: c.keysReseal,
		HashCalibrate: c.hashCalibrate, AuditVerify: c.auditVerify, Export: c.export, Import: c.imports,
		ConfigCheck: c.configCheck, ConfigPrint: c.configPrint, OpenAPI: c.openAPI, Instance: c.instance,
	}, args, os.Stdin, os.Stdout, os.Stderr)
}

func isConfigProblem(err error) bool {
	var problems config.Problems
	return errors.As(err, &problems)
}

// commands are what the command line does with the parts.
type commands struct {
	file *string
	opts []Option
}

func (c commands) config() (*config.Config, error) { return config.Load(*c.file, os.Environ()) }

func (c commands) serve(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	app, err := New(cfg, append(mindMemory(), c.opts...)...)
	if err != nil {
		return err
	}
	return app.Run(ctx)
}

// with hands the parts to a command that serves nothing, and closes them after.
func (c commands) with(ctx context.Context, run func(parts) error) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return c.open(ctx, cfg, run)
}

func (c commands) open(ctx context.Context, cfg *config.Config, run func(parts) error) (err error) {
	cfg.Storage.ReplicaURLs = nil // what a command reads is as the primary has it
	var p parts
	opts := append([]Option{WithLogger(newCommandLogger())}, c.opts...) // those of the program win
	options, err := graph(cfg, opts, fx.Populate(&p))
	if err != nil {
		return err
	}
	app := fx.New(options)
	if err := cause(app.Err()); err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Stop(context.WithoutCancel(ctx))) }()
	return run(p)
}

// errNowhere is for commands that need what is there: of an empty database
// they would tell that all is well.
var errNowhere = errors.New("there is no Keystone in this database: does KEYSTONE_DATABASE_URL name the right one?")

// within is prepared for commands on what is there. A database without a schema
// is refused, and a file that does not exist is not made.
func (c commands) within(ctx context.Context, run func(parts) error) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if cfg.SQLite() && newOptions(c.opts).configuredStore() {
		if _, err := os.Stat(cfg.SQLiteFile()); errors.Is(err, fs.ErrNotExist) {
			return errNowhere
		}
	}
	return c.open(ctx, cfg, func(p parts) error {
		version, _, err := p.out.Schema.Status(ctx)
		if err != nil {
			return err
		}
		if version == 0 {
			return errNowhere
		}
		if err := p.ready(ctx); err != nil {
			return err
		}
		return run(p)
	})
}

// prepared is with for commands that may be the first on a database.
func (c commands) prepared(ctx context.Context, run func(parts) error) error {
	return c.with(ctx, func(p parts) error {
		if err := p.ready(ctx); err != nil {
			return err
		}
		return run(p)
	})
}

// ready brings the store to where accounts and clients can be made.
func (p parts) ready(ctx context.Context) error {
	if _, err := p.out.Schema.Up(ctx); err != nil {
		return err
	}
	return operations.CheckMasterKey(ctx, p.out.Vault, p.out.MasterKey)
}

func (c commands) migrateUp(ctx context.Context) (version int64, err error) {
	err = c.with(ctx, func(p parts) error { version, err = p.out.Schema.Up(ctx); return err })
	return version, err
}

func (c commands) migrateDown(ctx context.Context) (version int64, err error) {
	err = c.with(ctx, func(p parts) error { version, err = p.out.Schema.Down(ctx); return err })
	return version, err
}

func (c commands) migrateStatus(ctx context.Context) (current, newest int64, err error) {
	err = c.with(ctx, func(p parts) error { current, newest, err = p.out.Schema.Status(ctx); return err })
	return current, newest, err
}

func (c commands) adminCreate(ctx context.Context, username, email string, password domain.Secret) error {
	return c.prepared(ctx, func(p parts) error {
		return p.accounts.Create(ctx, registration(username, email, password))
	})
}

func (c commands) clientCreate(ctx context.Context, d client.Draft) (created inbound.NewClient, err error) {
	err = c.prepared(ctx, func(p parts) error {
		created, err = p.clients.CreateAsOperator(ctx, d)
		return err
	})
	return created, err
}

func (c commands) configCheck(context.Context) (warnings []string, err error) {
	cfg, err := c.config()
	if err != nil {
		return nil, err
	}
	return cfg.Warnings(), nil
}

func (c commands) configPrint(_ context.Context, to io.Writer) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	for _, line := range cfg.Print() {
		if _, err := fmt.Fprintln(to, line); err != nil {
			return err
		}
	}
	return nil
}

// openAPI describes the endpoints without opening or making anything.
func (c commands) openAPI(context.Context) ([]byte, error) {
	cfg, err := c.config()
	if err != nil {
		return nil, err
	}
	o := newOptions(c.opts)
	described := parts{assertions: clients.NewAssertions(nil, nil, jwt.NewAssertions(), nil, "", nil)}
	pipeline, err := grants.NewPipeline(tokenPolicy(cfg), nil, nil, nil, nil, nil, nil, grantList(cfg, parts{}, o.added))
	if err != nil {
		return nil, err
	}
	authenticator, err := clients.NewAuthenticator(nil, nil, clientAuthList(described, o.added), nil, nil)
	if err != nil {
		return nil, err
	}
	api, err := rest.New(rest.Config{Issuer: cfg.HTTP.Issuer.String(), Version: Version()}, rest.UseCases{Tokens: pipeline, ClientAuth: authenticator, Devices: described.devices})
	if err != nil {
		return nil, err
	}
	return api.OpenAPI()
}
