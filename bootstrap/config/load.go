package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/keystone-auth/keystone/domain/user"
)

// Problems are everything that is wrong with a configuration.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// name tells whether a variable, or the file it is read from, is among them.
func (p Problems) name(variable string) bool {
	return slices.ContainsFunc(p, func(problem string) bool {
		return strings.HasPrefix(problem, variable+" ") || strings.HasPrefix(problem, variable+"_FILE ")
	})
}

// given is a value somebody set.
type given struct {
	text string
	from string // environment, file, or the file a _FILE variable names
}

// Load reads the environment over the YAML file at path (empty: none) over the
// defaults. It fails with Problems, all of them.
func Load(path string, environ []string) (*Config, error) {
	values, err := read(path, environ, variables())
	if err != nil {
		return nil, Problems{err.Error()}
	}
	return values.config()
}

// New gives a configuration to a program that has Keystone as a library. It
// reads no environment and no file of settings: the values are by their names in
// a configuration file, such as access_token_ttl, and the rest are defaults. It
// fails with Problems, all of them.
func New(values map[string]string) (*Config, error) {
	s := sources{env: koanf.New("."), file: koanf.New("."), fileName: "the given values"}
	for name, value := range values {
		if err := s.file.Set(name, value); err != nil {
			return nil, Problems{err.Error()}
		}
	}
	return s.config()
}

func (s sources) config() (*Config, error) {
	var problems Problems
	vars := variables()
	c := &Config{given: map[string]given{}, strange: s.strange}
	known := keys(vars)
	for _, v := range vars {
		value, set := s.lookup(v, &problems)
		if set {
			c.given[v.name] = value
		} else {
			value.text = v.fallback
		}
		if value.text == "" && !v.emptyOK {
			continue // optional, and not set
		}
		if err := v.set(c, value.text); err != nil {
			problems = append(problems, prefix+v.name+" "+err.Error())
			if err := v.set(c, v.fallback); err != nil && v.fallback != "" {
				return nil, fmt.Errorf("the default of %s%s %w", prefix, v.name, err) // a fault of this file's
			}
		}
	}
	for _, key := range s.file.Keys() {
		if !known[key] {
			problems = append(problems, fmt.Sprintf("%q in %s is not a setting", key, s.fileName))
		}
	}
	c.Delivery.complete(c)
	// What follows from a value that is wrong itself need not be said.
	for _, problem := range slices.Concat(c.check(), c.checkBootstrap(), c.checkTLS(), c.Tracing.read(s.environ)) {
		if !slices.ContainsFunc(strings.Fields(problem), problems.name) {
			problems = append(problems, problem)
		}
	}
	if len(problems) > 0 {
		sort.Strings(problems)
		return nil, problems
	}
	return c, nil
}

type sources struct {
	env, file *koanf.Koanf
	fileName  string // in messages
	environ   []string
	strange   []string // variables with the prefix that are no settings
}

// read loads both sources with koanf; keys are the variables' names in lower case.
func read(path string, environ []string, vars []variable) (sources, error) {
	s := sources{env: koanf.New("."), file: koanf.New("."), fileName: "the configuration file", environ: environ}
	if path != "" {
		if err := s.file.Load(file.Provider(path), yaml.Parser()); err != nil {
			return s, fmt.Errorf("the configuration file can't be read: %w", err)
		}
	}
	known := keys(vars)
	err := s.env.Load(env.Provider(".", env.Opt{
		Prefix:      prefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key := strings.ToLower(strings.TrimPrefix(name, prefix))
			if !known[key] {
				if !ofKubernetes.MatchString(name + "=" + value) {
					s.strange = append(s.strange, name)
				}
				return "", nil
			}
			return key, value
		},
	}), nil)
	return s, err
}

// keys are the names of all that may be set, those of files of secrets included.
func keys(vars []variable) map[string]bool {
	known := map[string]bool{}
	for _, v := range vars {
		known[v.key()] = true
		if v.secret {
			known[v.key()+"_file"] = true
		}
	}
	return known
}

// lookup finds a variable: in the environment, in the file that its _FILE
// variant names, in the configuration file.
func (s sources) lookup(v variable, problems *Problems) (given, bool) {
	for _, source := range []struct {
		k    *koanf.Koanf
		name string
	}{{s.env, "environment"}, {s.file, "file"}} {
		key := v.key()
		path := valueOf(source.k, key+"_file")
		if value := valueOf(source.k, key); source.k.Exists(key) && (value != "" || v.emptyOK) {
			if v.secret && path != "" {
				*problems = append(*problems, prefix+v.name+" is given twice: by itself and by "+prefix+v.name+"_FILE")
			}
			return given{value, source.name}, true
		}
		if v.secret && path != "" {
			content, err := os.ReadFile(path)
			if err != nil {
				*problems = append(*problems, prefix+v.name+"_FILE names a file that can't be read")
				return given{}, false
			}
			value := strings.TrimRight(string(content), "\r\n")
			if value == "" {
				*problems = append(*problems, prefix+v.name+"_FILE names a file that is empty")
				return given{}, false
			}
			return given{value, "secret file"}, true
		}
	}
	return given{}, false
}

// valueOf gives a value as an environment variable would hold it: a YAML list is
// joined by commas.
func valueOf(k *koanf.Koanf, key string) string {
	switch value := k.Get(key).(type) {
	case nil:
		return ""
	case []any:
		parts := make([]string, len(value))
		for i, part := range value {
			parts[i] = fmt.Sprint(part)
		}
		return strings.Join(parts, ",")
	default:
		return fmt.Sprint(value)
	}
}

// check holds values against each other.
func (c *Config) check() Problems {
	var problems Problems
	say := func(name, text string) { problems = append(problems, prefix+name+" "+text) }
	if c.HTTP.OpsAddr == c.HTTP.Addr && !strings.HasSuffix(c.HTTP.Addr, ":0") { // of port 0 each is another
		say("OPS_ADDR", "must be another address than KEYSTONE_HTTP_ADDR")
	}
	if c.Passwords.MinLength > c.Passwords.MaxLength {
		say("PASSWORD_MIN_LENGTH", "must not exceed KEYSTONE_PASSWORD_MAX_LENGTH")
	}
	if c.Hashing.MemoryKiB < 8*uint32(c.Hashing.Parallelism) {
		say("ARGON2_MEMORY_KIB", "must be at least 8 times KEYSTONE_ARGON2_PARALLELISM (RFC 9106, section 3.1)")
	}
	if c.SQLite() && len(c.Storage.ReplicaURLs) > 0 {
		say("DATABASE_REPLICA_URLS", "takes Postgres in KEYSTONE_DATABASE_URL")
	}
	if !c.SQLite() && c.Secrets.MasterKey.Empty() {
		say("MASTER_KEY", "is required with Postgres: 32 random bytes in base64")
	}
	if c.Env == Production {
		if c.HTTP.Issuer.Scheme == "http" && !loopback(c.HTTP.Issuer.Hostname()) {
			say("ISSUER", "must be https in production")
		}
		if c.SQLite() && c.Secrets.MasterKey.Empty() {
			say("MASTER_KEY", "is required in production: 32 random bytes in base64")
		}
		if c.Delivery.SMTPURL.Empty() {
			say("SMTP_URL", "is required in production")
		}
		if c.weakHashing() {
			say("ARGON2_MEMORY_KIB", "and its companions must not be below the defaults in production")
		}
	}
	return problems
}

// checkBootstrap holds the first superuser's password to the rules of the
// environment. It is no part of check: rules that change at run time concern
// later passwords.
func (c *Config) checkBootstrap() Problems {
	if c.Bootstrap.Password.Empty() {
		return nil
	}
	var problems Problems
	policy := user.PasswordPolicy{MinLength: c.Passwords.MinLength, MaxLength: c.Passwords.MaxLength}
	for _, field := range policy.CheckForm("", c.Bootstrap.Password) {
		problems = append(problems, prefix+"BOOTSTRAP_ADMIN_PASSWORD "+field.Message)
	}
	return problems
}

// checkTLS reads the pair as the listener will.
func (c *Config) checkTLS() Problems {
	cert, key := c.HTTP.TLSCertFile, c.HTTP.TLSKeyFile
	switch {
	case cert == "" && key == "":
		return nil
	case cert == "":
		return Problems{prefix + "TLS_CERT_FILE is required with KEYSTONE_TLS_KEY_FILE"}
	case key == "":
		return Problems{prefix + "TLS_KEY_FILE is required with KEYSTONE_TLS_CERT_FILE"}
	}
	var problems Problems
	for name, path := range map[string]string{"TLS_CERT_FILE": cert, "TLS_KEY_FILE": key} {
		if _, err := os.ReadFile(path); err != nil {
			problems = append(problems, prefix+name+" names a file that can't be read")
		}
	}
	if len(problems) > 0 {
		return problems
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		return Problems{prefix + "TLS_CERT_FILE must hold a PEM certificate that goes with the PEM key in KEYSTONE_TLS_KEY_FILE"}
	}
	return nil
}

func (c *Config) weakHashing() bool {
	return c.Hashing.MemoryKiB < defaultMemoryKiB || c.Hashing.Iterations < defaultIterations
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
