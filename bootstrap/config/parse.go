package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/adapters/outbound/database"
	"github.com/keystone-auth/keystone/adapters/outbound/masterkey"
	"github.com/keystone-auth/keystone/adapters/outbound/redis"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/user"
)

// setter reads a variable's text into the configuration; its error says what
// is wanted, never what was given.
type setter func(c *Config, text string) error

func secret(field func(*Config) *domain.Secret) setter {
	return func(c *Config, s string) error {
		*field(c) = domain.NewSecret(s)
		return nil
	}
}

func text(field func(*Config) *string) setter {
	return func(c *Config, s string) error {
		*field(c) = s
		return nil
	}
}

func oneOf(field func(*Config) *string, words ...string) setter {
	return func(c *Config, s string) error {
		if !slices.Contains(words, s) {
			return errors.New("must be one of " + strings.Join(words, ", "))
		}
		*field(c) = s
		return nil
	}
}

// flag reads one of two words; the second sets the field.
func flag(field func(*Config) *bool, off, on string) setter {
	return func(c *Config, s string) error {
		if s != off && s != on {
			return fmt.Errorf("must be %s or %s", off, on)
		}
		*field(c) = s == on
		return nil
	}
}

func integer[T int | uint8 | uint32](field func(*Config) *T, low, high int64) setter {
	return func(c *Config, s string) error {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < low || n > high {
			return fmt.Errorf("must be a whole number from %d to %d", low, high)
		}
		*field(c) = T(n)
		return nil
	}
}

func duration(field func(*Config) *time.Duration, low, high time.Duration) setter {
	return func(c *Config, s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < low || d > high {
			return fmt.Errorf("must be a duration such as 15m, from %s to %s", low, high)
		}
		*field(c) = d
		return nil
	}
}

func list(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func durations(field func(*Config) *[]time.Duration) setter {
	return func(c *Config, s string) error {
		var out []time.Duration
		for _, part := range list(s) {
			d, err := time.ParseDuration(part)
			if err != nil || d < time.Second || d > maxLifetime {
				return errors.New("must be durations of at least 1s, such as 5m,15m,1h")
			}
			out = append(out, d)
		}
		if len(out) == 0 {
			return errors.New("must name at least one duration")
		}
		*field(c) = out
		return nil
	}
}

func classes(field func(*Config) *[]user.Class) setter {
	return func(c *Config, s string) error {
		var out []user.Class
		for _, part := range list(s) {
			class := user.Class(part)
			if !slices.Contains(user.Classes(), class) {
				return errors.New("must be any of upper, lower, digit, special, separated by commas")
			}
			out = append(out, class)
		}
		*field(c) = out
		return nil
	}
}

func prefixes(field func(*Config) *[]netip.Prefix) setter {
	return func(c *Config, s string) error {
		var out []netip.Prefix
		for _, part := range list(s) {
			prefix, err := netip.ParsePrefix(part)
			if address, bad := netip.ParseAddr(part); err != nil && bad == nil {
				prefix, err = address.Prefix(address.BitLen())
			}
			if err != nil {
				return errors.New("must be comma-separated CIDRs")
			}
			out = append(out, prefix.Masked())
		}
		*field(c) = out
		return nil
	}
}

func origins(field func(*Config) *[]string) setter {
	return func(c *Config, s string) error {
		out := list(s)
		for _, origin := range out {
			u, err := webURL(origin)
			if err != nil || u.Scheme+"://"+u.Host != origin {
				return errors.New("must be comma-separated exact origins, such as https://app.example.com")
			}
		}
		*field(c) = out
		return nil
	}
}

func address(field func(*Config) *string) setter {
	return func(c *Config, s string) error {
		if s != "" {
			_, port, err := net.SplitHostPort(s)
			if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
				return errors.New("must be host:port or :port")
			}
		}
		*field(c) = s
		return nil
	}
}

func issuer(c *Config, s string) error {
	u, err := webURL(s)
	if err != nil || strings.HasSuffix(s, "/") {
		return errors.New("must be an http or https URL without query, fragment or trailing slash (RFC 8414, section 2)")
	}
	c.HTTP.Issuer = u
	return nil
}

// webURL reads an http or https URL that things are appended to: without user,
// query or fragment, empty ones too.
func webURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || !validPort(u.Port()) || strings.HasSuffix(u.Host, ":") ||
		u.User != nil || strings.ContainsAny(s, "?#") {
		return nil, errors.New("not such a URL")
	}
	return u, nil
}

func databaseURL(c *Config, s string) error {
	if err := database.CheckURL(s); err != nil {
		return fmt.Errorf("must be postgres://… or sqlite://path: %w", err)
	}
	c.Storage.DatabaseURL = domain.NewSecret(s)
	return nil
}

func replicaURLs(c *Config, s string) error {
	c.Storage.ReplicaURLs = nil
	for _, part := range list(s) {
		if !isPostgres(part) || database.CheckURL(part) != nil {
			return errors.New("must be comma-separated postgres:// URLs")
		}
		c.Storage.ReplicaURLs = append(c.Storage.ReplicaURLs, domain.NewSecret(part))
	}
	return nil
}

const sqliteScheme = "sqlite://"

func isSQLite(s string) bool { return strings.HasPrefix(s, sqliteScheme) }

func isPostgres(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

func redisURL(c *Config, s string) error {
	if err := redis.Check(s); err != nil {
		return err
	}
	c.Storage.RedisURL = domain.NewSecret(s)
	return nil
}

func masterKey(field func(*Config) *domain.Secret) setter {
	return func(c *Config, s string) error {
		key := domain.NewSecret(s)
		if err := masterkey.Check(key); err != nil {
			return fmt.Errorf("%w: 32 random bytes in base64 are wanted", err)
		}
		*field(c) = key
		return nil
	}
}

func username(c *Config, s string) error {
	c.Bootstrap.Username = s
	if _, wrong := user.ParseUsername(s); wrong != nil {
		return errors.New(wrong[0].Message)
	}
	return nil
}

func email(c *Config, s string) error {
	c.Bootstrap.Email = s
	if _, wrong := user.ParseEmail(s); wrong != nil {
		return errors.New(wrong[0].Message)
	}
	return nil
}
