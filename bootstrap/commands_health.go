package bootstrap

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"

	"github.com/keystone-auth/keystone/bootstrap/config"
)

// instance tells where the configured instance listens, as seen from its own
// machine.
func (c commands) instance() (string, *tls.Config, error) {
	cfg, err := c.config()
	if err != nil {
		return "", nil, err
	}
	address, err := nearby(cfg.HTTP.Addr)
	if err != nil || cfg.HTTP.TLSCertFile == "" {
		return "http://" + address, nil, err
	}
	trust, err := trusting(cfg)
	return "https://" + address, trust, err
}

// nearby gives the address to call where a listener is bound to another or all.
func nearby(listening string) (string, error) {
	host, port, err := net.SplitHostPort(listening)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port), nil
}

// trusting recognizes the certificate in the file alone: it is for the
// installation's name, which is not the one that is called here, and whoever
// signed it may be unknown to this machine.
func trusting(cfg *config.Config) (*tls.Config, error) {
	text, err := os.ReadFile(cfg.HTTP.TLSCertFile)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(cfg.HTTP.TLSCertFile, cfg.HTTP.TLSKeyFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("KEYSTONE_TLS_CERT_FILE holds no certificate")
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	switch leaf := pair.Leaf; {
	case len(leaf.DNSNames) > 0:
		trust.ServerName = leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		trust.ServerName = leaf.IPAddresses[0].String()
	}
	return trust, nil
}
