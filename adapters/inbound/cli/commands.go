package cli

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
)

func migrate(c Commands) *cobra.Command {
	up := &cobra.Command{Use: "up", Short: "Bring the database to the newest version", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		version, err := c.MigrateUp(cmd.Context())
		if err != nil {
			return err
		}
		return say(cmd, "version %d", version)
	}}
	down := &cobra.Command{Use: "down", Short: "Take the database back one version", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		version, err := c.MigrateDown(cmd.Context())
		if err != nil {
			return err
		}
		return say(cmd, "version %d", version)
	}}
	status := &cobra.Command{Use: "status", Short: "Tell the database's version", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		current, newest, err := c.MigrateStatus(cmd.Context())
		if err != nil {
			return err
		}
		return say(cmd, "version %d of %d", current, newest)
	}}
	return group("migrate", "Change the database's schema", up, down, status)
}

func admin(c Commands) *cobra.Command {
	var username, email, passwordFile string
	create := &cobra.Command{Use: "create", Short: "Make a superuser; without --password-file its password is generated and printed", Args: cobra.NoArgs}
	create.Flags().StringVar(&username, "username", "", "name to log in with")
	create.Flags().StringVar(&email, "email", "", "e-mail address")
	create.Flags().StringVar(&passwordFile, "password-file", "", "file that holds the password; - is standard input")
	required(create, "username", "email")
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		generated := passwordFile == ""
		var password domain.Secret
		if generated {
			entropy := c.Random.Entropy()
			password = domain.NewSecret(base64.RawURLEncoding.EncodeToString(entropy[:]))
		} else {
			var err error
			if password, err = readPassword(cmd.InOrStdin(), passwordFile); err != nil {
				return err
			}
		}
		if err := c.AdminCreate(cmd.Context(), username, email, password); err != nil {
			return err
		}
		if generated {
			return say(cmd, "username: %s\npassword: %s", username, password.Reveal())
		}
		return say(cmd, "username: %s", username)
	}
	return group("admin", "Administer superusers", create)
}

// maxPasswordFile bounds what is read of a password file, in bytes: well beyond
// any password, and short of the wrong file's contents.
const maxPasswordFile = 4096

// readPassword reads the one line of a file, or of stdin for "-".
func readPassword(stdin io.Reader, path string) (domain.Secret, error) {
	raw, err := readFile(stdin, path, maxPasswordFile)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("the password file: %w", err)
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if line == "" || len(raw) > maxPasswordFile || strings.ContainsAny(line, "\r\n") {
		return domain.Secret{}, errors.New("the password file must hold the password on one line")
	}
	return domain.NewSecret(line), nil
}

// readFile reads a file, or stdin for "-": one byte more than most where it is
// longer than that.
func readFile(stdin io.Reader, path string, most int64) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(stdin, most+1))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	return io.ReadAll(io.LimitReader(file, most+1))
}

func clients(c Commands) *cobra.Command {
	var draft client.Draft
	var lifetime int
	var keys string
	create := &cobra.Command{Use: "create", Short: "Make a service client; its secret, where it has one, is printed this once", Args: cobra.NoArgs}
	create.Flags().StringVar(&draft.Name, "name", "", "name for people")
	create.Flags().StringVar(&draft.Description, "description", "", "what it is for")
	create.Flags().StringArrayVar(&draft.Scopes, "scope", nil, "a scope it holds, as action:resource; repeatable")
	create.Flags().StringArrayVar(&draft.GrantTypes, "grant", nil, "a grant it may use; repeatable (default client_credentials)")
	create.Flags().IntVar(&lifetime, "access-token-lifetime", 0, "seconds its access tokens live (default the installation's)")
	create.Flags().StringVar(&draft.Authentication.Method, "auth-method", "", "its token_endpoint_auth_method (default client_secret_basic)")
	create.Flags().StringVar(&keys, "jwks", "", "file with its public keys, a JWK Set; - is standard input")
	required(create, "name")
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("access-token-lifetime") {
			draft.AccessTokenLifetime = &lifetime
		}
		if keys != "" {
			raw, err := readFile(cmd.InOrStdin(), keys, maxLine)
			if err == nil && len(raw) > maxLine {
				err = fmt.Errorf("is longer than %d bytes", maxLine)
			}
			if err != nil {
				return fmt.Errorf("the key file: %w", err)
			}
			draft.Authentication.Keys = string(raw)
		}
		created, err := c.ClientCreate(cmd.Context(), draft)
		if err != nil {
			return err
		}
		if created.Secret.Empty() {
			return say(cmd, "client_id: %s", created.Client.ClientID)
		}
		return say(cmd, "client_id: %s\nclient_secret: %s", created.Client.ClientID, created.Secret.Reveal())
	}
	return group("client", "Administer service clients", create)
}

func config(c Commands) *cobra.Command {
	check := &cobra.Command{Use: "check", Short: "Validate the configuration", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		warnings, err := c.ConfigCheck(cmd.Context())
		if err != nil {
			return err
		}
		for _, warning := range warnings {
			if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", warning); err != nil {
				return err
			}
		}
		return say(cmd, "the configuration is valid")
	}}
	show := &cobra.Command{Use: "print", Short: "Print the configuration in force, secrets redacted", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return c.ConfigPrint(cmd.Context(), cmd.OutOrStdout())
	}}
	return group("config", "Look at the configuration", check, show)
}

const healthTimeout = 5 * time.Second

// health asks the instance that the configuration describes, or the one at the
// URL, for which no configuration is read.
func health(c Commands) *cobra.Command {
	return &cobra.Command{Use: "health [url]", Short: "Tell whether an instance is ready", Args: cobra.MaximumNArgs(1), RunE: func(cmd *cobra.Command, args []string) (err error) {
		var base string
		var trust *tls.Config
		if len(args) > 0 {
			base = strings.TrimSuffix(args[0], "/")
		} else if base, trust, err = c.Instance(); err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, base+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		answer, err := (&http.Client{Timeout: healthTimeout, Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}).Do(request)
		if err != nil {
			return fmt.Errorf("not ready: %w", err)
		}
		defer answer.Body.Close() //nolint:errcheck // all of it that is wanted is read
		state := dependencies(io.LimitReader(answer.Body, maxHealth))
		if answer.StatusCode != http.StatusOK {
			return errors.New(strings.Join(append([]string{"not ready: " + answer.Status}, state...), "\n"))
		}
		return say(cmd, "%s", strings.Join(append([]string{"ready"}, state...), "\n"))
	}}
}

// maxHealth bounds what is read of an answer, in bytes.
const maxHealth = 64 << 10

// dependencies gives a line for each dependency that an instance tells of; what
// can't be read tells nothing.
func dependencies(from io.Reader) []string {
	var told struct {
		Dependencies map[string]struct {
			Status  string  `json:"status"`
			Latency float64 `json:"latency_ms"`
		} `json:"dependencies"`
	}
	if err := json.UnmarshalRead(from, &told); err != nil {
		return nil
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(told.Dependencies)) {
		d := told.Dependencies[name]
		lines = append(lines, fmt.Sprintf("%s: %q, %.1f ms", name, d.Status, d.Latency))
	}
	return lines
}

// required marks flags that a command cannot do without.
func required(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that this file did not define
		}
	}
}
