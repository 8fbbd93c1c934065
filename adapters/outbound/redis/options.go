package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Timings, so that a Redis that froze is noticed within a second: the
// library's own are 1 s and 10 s.
const (
	keepAlive    = 250 * time.Millisecond
	writeTimeout = 500 * time.Millisecond
	dialTimeout  = 200 * time.Millisecond
)

// bufferSize is that of each connection's reader and writer, in bytes. Signals
// are small; the library's half megabyte would be most of an idle process.
const bufferSize = 32 << 10

// ringScale is the binary logarithm of how many commands a connection may have
// under way; the next one waits. Each place in the ring is four objects for
// life, and the library's 1,024 places a connection would be most of what each
// collection passes over in an idle process.
const ringScale = 8

// topologyInterval is how often Sentinels are asked who the master is, in case
// the news of a failover was lost.
const topologyInterval = 5 * time.Second

// clusterInterval is how often a cluster is asked who holds what: nobody tells
// of a failover there, and a node that froze does not refuse.
const clusterInterval = time.Second

// The parameters of a URL that are not for every scheme.
var (
	sentinelParameters = []string{"master", "sentinel_username", "sentinel_password"}
	tlsParameters      = []string{"tls_ca_file", "tls_cert_file", "tls_key_file"}
)

// Check tells what is wrong with a URL, before anything is opened.
func Check(url string) error {
	_, err := parse(url)
	return err
}

// parse reads a URL:
//
//	redis://[user:password@]host[:6379][/db]        rediss:// with TLS
//	redis+sentinel://[…@]host[:26379],…[/db]?master=name[&sentinel_username=…][&sentinel_password=…]
//	redis+cluster://[…@]host[:6379],…
//
// rediss+sentinel and rediss+cluster use TLS, 1.2 or newer, and take
//
//	tls_ca_file=path                         PEM certificates to trust, in place of the system's
//	tls_cert_file=path, tls_key_file=path    the certificate to show, PEM
//
// User and password are those of the data nodes. Errors never hold any part of
// the URL but its scheme.
func parse(raw string) (rueidis.ClientOption, error) {
	refuse := func(why string) (rueidis.ClientOption, error) {
		return rueidis.ClientOption{}, errors.New("the Redis URL " + why)
	}
	single, hosts, ok := splitHosts(raw)
	u, err := url.Parse(single)
	if !ok || err != nil { // the error quotes the URL, password and all
		return refuse("is malformed")
	}
	family, mode, _ := strings.Cut(u.Scheme, "+")
	if !slices.Contains([]string{"redis", "rediss"}, family) || !slices.Contains([]string{"", "sentinel", "cluster"}, mode) || strings.HasSuffix(u.Scheme, "+") {
		return refuse("has a scheme other than redis, rediss, redis+sentinel, redis+cluster")
	}
	option := rueidis.ClientOption{
		Dialer:             net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive},
		ConnWriteTimeout:   writeTimeout,
		ReadBufferEachConn: bufferSize, WriteBufferEachConn: bufferSize,
		RingScaleEachConn: ringScale,
		ClientName:        "keystone",
		ClientSetInfo:     rueidis.DisableClientSetInfo, // servers before 7.2 can't be told to allow it
		DisableCache:      true,                         // nothing is read through it
		DisableRetry:      true,                         // the caller knows for how long an attempt is worth repeating
	}
	if option.InitAddress, ok = addresses(hosts, mode); !ok {
		return refuse("names no host, or a port that is none")
	}
	option.Username = u.User.Username()
	option.Password, _ = u.User.Password()
	if db := strings.Trim(u.Path, "/"); db != "" {
		if option.SelectDB, err = strconv.Atoi(db); err != nil || option.SelectDB < 0 {
			return refuse("has a database that is not a number")
		}
	}
	query := u.Query()
	for name := range query {
		if !(mode == "sentinel" && slices.Contains(sentinelParameters, name)) && !(family == "rediss" && slices.Contains(tlsParameters, name)) {
			return refuse("has an unknown parameter")
		}
	}
	if family == "rediss" {
		if option.TLSConfig, err = tlsConfig(query); err != nil {
			return refuse(err.Error())
		}
	}
	switch mode {
	case "":
		if len(hosts) > 1 {
			return refuse("names several hosts, which takes redis+sentinel or redis+cluster")
		}
		option.ForceSingleClient = true
	case "cluster":
		option.ClusterOption.ShardsRefreshInterval = clusterInterval
		if option.SelectDB != 0 {
			return refuse("names a database, of which a cluster has one only")
		}
	case "sentinel":
		if query.Get("master") == "" {
			return refuse("lacks the parameter master")
		}
		option.Sentinel = rueidis.SentinelOption{
			Dialer: option.Dialer, TLSConfig: option.TLSConfig, MasterSet: query.Get("master"), ClientName: option.ClientName,
			Username: query.Get("sentinel_username"), Password: query.Get("sentinel_password"),
			TopologyRefreshInterval: topologyInterval,
		}
	}
	return option, nil
}

// tlsConfig reads the files that the parameters name. The name to expect is
// each address's own.
func tlsConfig(query url.Values) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := query.Get("tls_ca_file"); path != "" {
		pem, err := os.ReadFile(path)
		config.RootCAs = x509.NewCertPool()
		if err != nil || !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("has a tls_ca_file that holds no readable PEM certificate")
		}
	}
	if cert, key := query.Get("tls_cert_file"), query.Get("tls_key_file"); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, errors.New("has a tls_cert_file and a tls_key_file that are not a readable pair")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// splitHosts gives the URL with its first host alone, which is then one that
// net/url reads, and all of its hosts.
func splitHosts(raw string) (single string, hosts []string, ok bool) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(raw), "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	start := strings.LastIndexByte(rest[:end], '@') + 1
	hosts = strings.Split(rest[start:end], ",")
	return scheme + "://" + rest[:start] + hosts[0] + rest[end:], hosts, ok
}

func addresses(hosts []string, mode string) ([]string, bool) {
	port := "6379"
	if mode == "sentinel" {
		port = "26379"
	}
	var out []string
	for _, host := range hosts {
		u, err := url.Parse("redis://" + host)
		bare := err == nil && strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(host, "[") // an IPv6 address without brackets
		if err != nil || u.Hostname() == "" || u.Host != host || bare {
			return nil, false
		}
		if u.Port() != "" {
			out = append(out, net.JoinHostPort(u.Hostname(), u.Port()))
		} else {
			out = append(out, net.JoinHostPort(u.Hostname(), port))
		}
	}
	return out, true
}
