package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Commands are what the command line can do; all functions are required.
type Commands struct {
	Version string
	Random  outbound.Random // makes passwords where none is given

	// ConfigFile receives --config before any function is called; empty: none.
	ConfigFile *string

	// IsConfigProblem tells failures of the configuration from others.
	IsConfigProblem func(error) bool

	Serve         func(ctx context.Context) error
	MigrateUp     func(ctx context.Context) (version int64, err error)
	MigrateDown   func(ctx context.Context) (version int64, err error)
	MigrateStatus func(ctx context.Context) (current, newest int64, err error)
	AdminCreate   func(ctx context.Context, username, email string, password domain.Secret) error
	ClientCreate  func(ctx context.Context, d client.Draft) (inbound.NewClient, error)
	KeysList      func(ctx context.Context) ([]inbound.SigningKey, error)
	KeysRotate    func(ctx context.Context) (inbound.SigningKey, error)
	KeysReseal    func(ctx context.Context) (resealed int, err error)
	HashCalibrate func(ctx context.Context, limit HashCost) (HashCost, error)
	AuditVerify   func(ctx context.Context) (inbound.AuditVerdict, error)
	Export        func(ctx context.Context, hashes bool, emit func(inbound.Entry) error) error
	Import        func(ctx context.Context, rehearse bool, run func(inbound.Importer) error) error
	ConfigCheck   func(ctx context.Context) (warnings []string, err error)
	ConfigPrint   func(ctx context.Context, to io.Writer) error // secrets redacted
	OpenAPI       func(ctx context.Context) ([]byte, error)

	// Instance tells where the configured instance listens on this machine, and
	// how its certificate is recognized; nil: plain HTTP.
	Instance func() (base string, trust *tls.Config, err error)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitConfig = 2
)

// Run runs one command line and gives the exit code of the process: 0, 2 for a
// problem of the configuration, 1 for any other. Failures go to stderr.
func Run(ctx context.Context, c Commands, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := New(c)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if _, failed := fmt.Fprintln(stderr, "keystone:", explain(err)); failed != nil {
		return exitFailed
	}
	if c.IsConfigProblem(err) {
		return exitConfig
	}
	return exitFailed
}

// New makes the root command; without a subcommand it serves.
func New(c Commands) *cobra.Command {
	serve := func(cmd *cobra.Command, _ []string) error { return c.Serve(cmd.Context()) }
	root := &cobra.Command{
		Use: "keystone", Short: "Centralized authentication and authorization", Version: c.Version,
		Args: cobra.NoArgs, RunE: serve, SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(c.ConfigFile, "config", "", "YAML file; KEYSTONE_* variables win over it")
	root.AddCommand(
		&cobra.Command{Use: "serve", Short: "Serve the API (the default)", Args: cobra.NoArgs, RunE: serve},
		migrate(c), admin(c), clients(c), keys(c), hash(c), audit(c), export(c), imports(c), config(c), health(c),
		&cobra.Command{Use: "openapi", Short: "Print the OpenAPI document", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			document, err := c.OpenAPI(cmd.Context())
			if err != nil {
				return err
			}
			return say(cmd, "%s", document)
		}},
		&cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return say(cmd, "keystone %s", c.Version)
		}},
	)
	return root
}

// group is a command that only holds others; by itself, or with a word it does
// not know, it fails.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		names := make([]string, len(commands))
		for i, c := range commands {
			names[i] = c.Name()
		}
		return fmt.Errorf("%s needs one of: %s", cmd.CommandPath(), strings.Join(names, ", "))
	}}
	g.AddCommand(commands...)
	return g
}

func say(cmd *cobra.Command, format string, args ...any) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
	return err
}

// explain words an error for an operator: each field that broke a rule, or all
// that is known of what went wrong underneath.
func explain(err error) string {
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err.Error()
	}
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Name + " " + f.Message
	}
	return e.Message + ": " + strings.Join(parts, "; ")
}
